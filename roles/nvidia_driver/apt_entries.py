"""The entries of a host's apt source files, in both their formats (sources.list(5)).

Read from the files themselves: ``apt-get indextargets`` leaves out what was not downloaded yet (a
cloud image has empty lists) and does not tell Signed-By, which a second entry for the same
repository and suite must repeat, or apt refuses to work at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ONE_LINE = re.compile(r"^deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)")
#: Options of the one-line format whose field has another name in the other one.
_FIELDS = {"arch": "Architectures", "lang": "Languages", "target": "Targets"}
#: Fields that are no options: what an entry is about, and what is said of it.
_SUBJECTS = ("types", "uris", "suites", "components", "enabled", "description")


@dataclass(frozen=True, slots=True)
class Entry:
    """One component of a repository's suite. ``options`` are deb822 fields and their text."""

    uri: str
    suite: str
    component: str
    options: tuple[tuple[str, str], ...] = ()


def entries_of(path: str, lines: list[str]) -> tuple[Entry, ...]:
    """Return the enabled entries for binary packages in a source file, by its name's ending."""
    found = _deb822(lines) if path.endswith(".sources") else _one_line(lines)
    return tuple(found)


def _one_line(lines: list[str]) -> Iterator[Entry]:
    for line in lines:
        match = _ONE_LINE.match(line.strip())
        if match is None:
            continue
        options, uri, suite, components = match.groups()
        pairs = (word.partition("=") for word in (options or "").split())
        fields = tuple((_field(name), value.replace(",", " ")) for name, _, value in pairs)
        for component in components.split():
            yield Entry(uri, suite, component, fields)


def _field(name: str) -> str:
    # An operator may end a name: arch+=, lang-=.
    return _FIELDS.get(name, name.title().replace("Pdiffs", "PDiffs"))


def _deb822(lines: list[str]) -> Iterator[Entry]:
    text = "\n".join(line for line in lines if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", text):
        fields = _fields(stanza)
        subject = {name.lower(): value.split() for name, value in fields}
        if "deb" not in subject.get("types", []) or subject.get("enabled") in _DISABLED:
            continue
        options = tuple(
            (name, value)
            for name, value in fields
            if name.lower() not in _SUBJECTS and not name.lower().startswith("x-")
        )
        for uri in subject.get("uris", []):
            for suite in subject.get("suites", []):
                for component in subject.get("components", []):
                    yield Entry(uri, suite, component, options)


#: What apt takes for "no" (StringToBool of apt-pkg).
_DISABLED = tuple([word] for word in ("no", "false", "without", "off", "disable", "0"))


def _fields(stanza: str) -> tuple[tuple[str, str], ...]:
    """Return a stanza's fields; a value of several lines (a key) keeps them."""
    found: list[tuple[str, str]] = []
    for line in stanza.splitlines():
        if line[:1].isspace() and found:
            name, value = found[-1]
            found[-1] = (name, f"{value}\n{line}")
        elif ":" in line:
            name, _, value = line.partition(":")
            found.append((name.strip(), value.strip()))
    return tuple(found)
