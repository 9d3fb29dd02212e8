"""Packages: what is selected, installed, held and chosen by hand (dpkg(1), apt-mark(8)).

One question to dpkg gives what ``dpkg --get-selections`` and ``apt-mark showhold`` print, and apt's
own list of what came as a dependency gives ``apt-mark showmanual``, which would take ten times as
long: ``tests/contract/test_backup_state.py`` holds them against the real programs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from deeprig_host.backup.state_part import Part, PartFailed, StateFile, lines_file, output_of
from deeprig_host.backup.state_part import read_text as text_of
from deeprig_host.machine.commands import Machine

DIRECTORY = "packages"
SELECTIONS, INSTALLED, MANUAL, HELD = (
    f"{DIRECTORY}/{name}.txt" for name in ("selections", "installed", "manual", "held")
)
_DPKG = "/var/lib/dpkg"
_STATUS, _AUTOMATIC = f"{_DPKG}/status", "/var/lib/apt/extended_states"
_FORM = r"${binary:Package}\t${Architecture}\t${db:Status-Want}\t${db:Status-Status}\t${Version}\n"
#: Written of each package that apt has installed; a desktop's is 200 KiB.
_AUTOMATIC_BYTES = 16 << 20


#: A kernel's own packages have its version in their names.
_KERNEL = re.compile(r"linux-(image|headers|modules|tools|kbuild)[a-z-]*-\d.*")


def is_of_kernel(name: str) -> bool:
    """Say whether a package is of one version of the kernel: another day has another."""
    return _KERNEL.fullmatch(name.partition(":")[0]) is not None


@dataclass(frozen=True, slots=True)
class _Package:
    """A package as dpkg knows it; ``name`` has the architecture where dpkg tells it."""

    name: str
    architecture: str
    want: str
    status: str
    version: str

    def is_among(self, listed: frozenset[tuple[str, str]]) -> bool:
        """Say whether apt's list has it: one for all architectures stands there as the host's."""
        name = self.name.partition(":")[0]
        if self.architecture == "all":
            return any(name == other for other, _ in listed)
        return (name, self.architecture) in listed


def packages_part(machine: Machine) -> Part:
    """Return the part; its files follow from dpkg's and apt's databases."""
    sources = (machine.path(_STATUS), machine.path(_AUTOMATIC))
    return Part("packages", lambda: _files(machine), sources)


def _files(machine: Machine) -> tuple[StateFile, ...]:
    known = _known(machine)
    automatic = _automatic(machine)
    installed = [one for one in known if one.status != "config-files"]
    return (
        lines_file(SELECTIONS, tuple(f"{one.name}\t{one.want}" for one in known)),
        lines_file(INSTALLED, tuple(f"{one.name}\t{one.version}" for one in installed)),
        lines_file(MANUAL, tuple(one.name for one in installed if not one.is_among(automatic))),
        lines_file(HELD, tuple(one.name for one in known if one.want == "hold")),
    )


def _known(machine: Machine) -> tuple[_Package, ...]:
    admin = f"--admindir={machine.path(_DPKG)}"
    told = output_of(machine, "dpkg-query", admin, "-W", "-f", _FORM)
    try:
        known = tuple(_Package(*line.split("\t")) for line in told.splitlines())
    except TypeError as error:
        raise PartFailed(f"dpkg-query told what is no list of packages: {error}") from error
    if not known:
        raise PartFailed("dpkg-query knows no package at all")
    return tuple(sorted(known, key=lambda one: one.name.partition(":")))


def _automatic(machine: Machine) -> frozenset[tuple[str, str]]:
    """Return what came as a dependency: name and architecture."""
    try:
        text = text_of(machine.path(_AUTOMATIC), _AUTOMATIC_BYTES)
    except FileNotFoundError:
        return frozenset()  # apt has marked nothing: all was chosen
    found = set()
    for stanza in text.split("\n\n"):
        fields = dict(line.partition(": ")[::2] for line in stanza.splitlines())
        if fields.get("Auto-Installed") == "1":
            found.add((fields.get("Package", ""), fields.get("Architecture", "")))
    return frozenset(found)
