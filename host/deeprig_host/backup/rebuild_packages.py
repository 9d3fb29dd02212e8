"""Packages that people had chosen and a rebuilt machine lacks: told, installed when told to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from deeprig_host.backup.rebuild_environments import Made
from deeprig_host.backup.state_packages import is_of_kernel
from deeprig_host.backup.state_read import State
from deeprig_host.machine.commands import Machine

#: Debian policy 5.6.1, and dpkg's architecture behind it.
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+(:[a-z0-9-]+)?")
_SECONDS = 4 * 3600.0
_QUIET = {"DEBIAN_FRONTEND": "noninteractive"}


@dataclass(frozen=True, slots=True)
class Lacking:
    """What the machine lacks: packages, those that came as a dependency only, and holds."""

    packages: tuple[str, ...]
    unmarked: tuple[str, ...]
    holds: tuple[str, ...]

    @property
    def is_nothing(self) -> bool:
        """Say whether nothing is lacking."""
        return not (self.packages or self.unmarked or self.holds)


def lacking(before: State, here: State) -> Lacking:
    """Return what ``here`` lacks of what people had chosen. Names that are none are left out."""
    chosen = sorted(name for name in before.manual if _is_wanted(name))
    return Lacking(
        tuple(name for name in chosen if name not in here.installed),
        tuple(name for name in chosen if name in here.installed and name not in here.manual),
        tuple(sorted(name for name in before.held - here.held if _is_wanted(name))),
    )


def _is_wanted(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and not is_of_kernel(name)


def install(machine: Machine, wanted: Lacking) -> Iterator[Made]:
    """Install what can be had, mark what was chosen, hold what was held; tell what was not done."""
    known = _candidates(machine, wanted.packages)
    for name in wanted.packages:
        if name not in known:
            yield Made(name, False, "no package source of this machine has it")
    if known:
        keep = ("-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold")
        yield from _told(machine, known, "installed", "apt-get", "install", "-y", "-q", *keep)
    if wanted.unmarked:
        yield from _told(machine, wanted.unmarked, "marked as chosen", "apt-mark", "manual")
    if wanted.holds:
        yield from _told(machine, wanted.holds, "on hold", "apt-mark", "hold")


def _candidates(machine: Machine, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of these packages that a source has; one unknown name fails all of apt-get."""
    if not names:
        return ()
    done = machine.run("apt-cache", "policy", *names, seconds=_SECONDS)
    found: set[str] = set()
    name = ""
    for line in done.out.splitlines():
        if line and not line[0].isspace():
            name = line.rstrip(":")
        elif line.strip().startswith("Candidate:") and "(none)" not in line:
            found.add(name)
    # apt leaves the architecture of this machine out of what it prints.
    return tuple(one for one in names if one in found or one.partition(":")[0] in found)


def _told(machine: Machine, names: tuple[str, ...], what: str, *words: str) -> Iterator[Made]:
    done = machine.run(*words, *names, seconds=_SECONDS, environment=_QUIET)
    if done.is_good:
        yield from (Made(name, True, what) for name in names)
    else:
        yield Made(" ".join(names), False, f"{words[0]} failed: {'; '.join(done.tail(4))}")
