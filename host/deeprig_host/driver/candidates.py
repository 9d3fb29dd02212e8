"""What apt could install now, from apt's cache: versions, where they come from, what they need.

Versions and their order are ``apt-cache policy``'s; who publishes them is told by the list of
package files that it prints without a name; Depends stands in the indexes themselves, which
``apt-helper cat-file`` unpacks a hundred times faster than ``apt-cache show`` prints them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from deeprig_host.machine.commands import Machine

_HELPER = "/usr/lib/apt/apt-helper"
_VERSION = re.compile(r"^ (?:\*\*\*|   ) (\S+)(?: -?\d+)?$")
_FILE = re.compile(r"^ +(-?\d+) (.+)$")
_FIELD = re.compile(r"(?:^|,)([a-z])=([^,]*)")


@dataclass(frozen=True, slots=True)
class Publisher:
    """A repository by its Release file: ``o=``, ``l=`` and ``a=`` (or ``n=``) of apt-cache."""

    origin: str
    label: str
    suite: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A version of a package and who publishes it; nobody, where it is only installed."""

    name: str
    version: str
    publishers: tuple[Publisher, ...]


def known_names(machine: Machine, names: re.Pattern[str]) -> tuple[str, ...]:
    """Return the package names that apt knows and that match as a whole, sorted."""
    told = machine.run("apt-cache", "pkgnames").out.splitlines()
    return tuple(sorted({name for name in told if names.match(name)}))


def read_offers(
    machine: Machine, names: tuple[str, ...], files: dict[str, Publisher]
) -> tuple[Offer, ...]:
    """Return all versions that apt knows of the named packages, in apt's order."""
    if not names:
        return ()
    return parse_policy(machine.run("apt-cache", "policy", *names).out, files)


def read_publishers(machine: Machine) -> dict[str, Publisher]:
    """Return the publisher of each package file that apt has."""
    return parse_publishers(machine.run("apt-cache", "policy").out)


def parse_publishers(text: str) -> dict[str, Publisher]:
    """Return the publisher of each package file that ``apt-cache policy`` lists."""
    found: dict[str, Publisher] = {}
    current = ""
    for line in text.splitlines():
        file = _FILE.match(line)
        words = line.split(None, 1)
        if line.startswith("Pinned packages"):
            break
        if file:
            current = file[2]
        elif current and len(words) == 2 and words[0] == "release":
            fields = dict(_FIELD.findall(words[1]))
            suite = fields.get("a") or fields.get("n", "")
            found[current] = Publisher(fields.get("o", ""), fields.get("l", ""), suite)
        elif current and len(words) == 2 and words[0] == "origin":
            found.setdefault(current, Publisher("", "", ""))
    return found


def parse_policy(text: str, files: dict[str, Publisher]) -> tuple[Offer, ...]:
    """Return the version tables of ``apt-cache policy NAME…``."""
    found: list[Offer] = []
    name, version = "", ""
    publishers: list[Publisher] = []
    for line in text.splitlines():
        opened = _VERSION.match(line)
        file = _FILE.match(line)
        if not line.startswith(" ") and line.endswith(":"):
            name, version = line[:-1], ""
        elif opened:
            version, publishers = opened[1], []
            found.append(Offer(name, version, ()))
        elif version and file and not file[2].endswith("/dpkg/status"):
            publishers.append(files.get(file[2], Publisher("", "", "")))
            found[-1] = Offer(name, version, tuple(publishers))
    return tuple(found)


def read_depends(machine: Machine, names: re.Pattern[str]) -> dict[tuple[str, str], str]:
    """Return the Depends field by name and version, from the indexes that apt has downloaded."""
    found: dict[tuple[str, str], str] = {}
    for file in _index_files(machine):
        for stanza in machine.run(_HELPER, "cat-file", file).out.split("\n\n"):
            if names.match(stanza[9 : stanza.find("\n")]):
                fields = _fields(stanza)
                key = (fields.get("Package", ""), fields.get("Version", ""))
                found.setdefault(key, fields.get("Depends", ""))
    return found


def observe_candidates(offers: tuple[Offer, ...], depends: dict[tuple[str, str], str]) -> Any:
    """Return what can be downloaded, as the observation has it, one row for each publisher."""
    rows = []
    for offer in offers:
        for publisher in dict.fromkeys(offer.publishers):
            rows.append(
                {
                    "name": offer.name,
                    "version": offer.version,
                    "origin": publisher.origin,
                    "label": publisher.label,
                    "suite": publisher.suite,
                    "depends": depends.get((offer.name, offer.version), ""),
                }
            )
    return rows


def _index_files(machine: Machine) -> list[str]:
    query = ("indextargets", "--format", "$(FILENAME)", "Created-By: Packages")
    return machine.run("apt-get", *query).out.split()


def _fields(stanza: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in stanza.splitlines() if line[:1].isalpha())
    return {name: value.strip() for name, _, value in pairs}
