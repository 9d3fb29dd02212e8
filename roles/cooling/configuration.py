"""What ``/etc/deeprig/cooling.conf`` says for declared settings: sections, in their order."""

from __future__ import annotations

from collections.abc import Mapping
from configparser import ConfigParser, Error
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roles.cooling.settings import CardCooling, CoolingSettings

CONFIGURATION = "/etc/deeprig/cooling.conf"
_CARD_FIELDS = (
    *("mode", "curve", "target_c", "hysteresis_c", "memory_limit_c"),
    "power_limit_watts",
)


@dataclass(frozen=True, slots=True)
class Section:
    """One section of the file; ``options`` are (key, value) pairs as text."""

    title: str
    options: tuple[tuple[str, str], ...]


def sections(settings: CoolingSettings) -> tuple[Section, ...]:
    """Return the sections for settings; what is not declared is not in them."""
    timing = {
        "interval_seconds": settings.interval_seconds,
        "history_seconds": settings.history_seconds,
    }
    found = [Section("cooling", _texts(timing)), Section("defaults", _of_cards(settings))]
    found += [Section(f"gpu {name}", _of_cards(card)) for name, card in settings.gpus.items()]
    if settings.budget_watts is not None:
        found.append(Section("power", _texts({"budget_watts": settings.budget_watts})))
    return tuple(found)


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


def _of_cards(settings: CoolingSettings | CardCooling) -> tuple[tuple[str, str], ...]:
    return _texts({name: getattr(settings, name) for name in _CARD_FIELDS})


def _texts(values: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(value)) for name, value in values.items() if value is not None)
