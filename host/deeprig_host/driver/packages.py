"""The installed packages, by dpkg-query(1): no lock is taken."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

_FORMAT = "${Package}\\t${Architecture}\\t${Version}\\t${db:Status-Abbrev}\\n"
#: Second letter of dpkg's abbreviation for what an interrupted run leaves (dpkg-query(1)).
_HALF = frozenset("UFHWt")


@dataclass(frozen=True, slots=True)
class Installed:
    """A package that dpkg knows. ``status`` is its abbreviation: desired, actual, error."""

    name: str
    architecture: str
    version: str
    status: str

    @property
    def is_held(self) -> bool:
        """Say whether it is on hold."""
        return self.status.startswith("h")

    @property
    def is_unfinished(self) -> bool:
        """Say whether dpkg began with it and did not end."""
        return self.status[1:2] in _HALF or self.status[2:3] == "R"

    @property
    def has_files(self) -> bool:
        """Say whether it is on the disk, complete or not."""
        return self.status[1:2] in _HALF or self.status[1:2] == "i"


def read_packages(machine: Machine) -> tuple[Installed, ...]:
    """Return all packages that dpkg knows. Raise Refused when dpkg cannot be asked."""
    done = machine.run("dpkg-query", "-W", "-f", _FORMAT)
    if not done.is_good and not done.out:
        raise Refused(
            "dpkg cannot be asked which packages are installed",
            evidence=done.tail(),
            remedy="run `dpkg --audit` as root and repair what it names",
        )
    rows = (line.split("\t") for line in done.out.splitlines())
    found = (Installed(r[0], r[1], r[2], r[3].strip()) for r in rows if len(r) == 4)
    return tuple(package for package in found if package.status[1:2] != "n")


def matching(packages: tuple[Installed, ...], names: re.Pattern[str]) -> tuple[Installed, ...]:
    """Return the packages whose whole name matches."""
    return tuple(package for package in packages if names.match(package.name))


def is_dpkg_interrupted(machine: Machine, packages: tuple[Installed, ...]) -> bool:
    """Say whether dpkg was cut off: packages half done, or updates not merged into its status."""
    updates = machine.path("/var/lib/dpkg/updates")
    is_unmerged = updates.is_dir() and any(file.name.isdigit() for file in updates.iterdir())
    return is_unmerged or any(package.is_unfinished for package in packages)


def native_architecture(machine: Machine) -> str:
    """Return dpkg's architecture of this machine (amd64, arm64)."""
    return machine.run("dpkg", "--print-architecture").out.strip()
