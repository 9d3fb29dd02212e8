"""INI files of programs on the host: the sections that are declared, and those that are there."""

from __future__ import annotations

from collections.abc import Mapping
from configparser import ConfigParser, Error
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a file; ``options`` are (key, value) pairs as text."""

    title: str
    options: tuple[tuple[str, str], ...]


def options(values: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """Return options as text; what is None is not declared, and not among them."""
    return tuple((key, str(value)) for key, value in values.items() if value is not None)


def read_sections(text: str) -> tuple[Section, ...] | None:
    """Return the sections of a file, or None where it is none that could be read."""
    parser = ConfigParser(interpolation=None, delimiters=("=",), default_section="")
    try:
        parser.read_string(text)
    except Error:
        return None
    return tuple(Section(title, tuple(parser[title].items())) for title in parser.sections())


def differences(declared: tuple[Section, ...], there: tuple[Section, ...]) -> tuple[str, ...]:
    """Return in words what differs, whatever the order; empty where nothing does."""
    wanted = {(s.title, key): value for s in declared for key, value in s.options}
    found = {(s.title, key): value for s in there for key, value in s.options}
    return tuple(
        f"[{title}] {key}: {found.get((title, key), 'not there')} "
        f"(declared: {wanted.get((title, key), 'nothing')})"
        for title, key in sorted(wanted.keys() | found.keys())
        if wanted.get((title, key)) != found.get((title, key))
    )
