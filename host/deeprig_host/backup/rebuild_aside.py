"""Where what does not go back in its place is put: never over what an earlier rebuild put there."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from deeprig_host.backup.restore import Source, Wish, plan
from deeprig_host.backup.rule import Placed
from deeprig_host.machine.commands import Machine

#: Below it, the name of the earlier machine; a number after it where that is another's.
ASIDE = "/var/lib/deeprig/rebuild"


def aside_of(machine: Machine, source: Source, include: tuple[str, ...], host: str) -> str:
    """Return the directory for what lies aside: HOST, or the first of HOST.2, HOST.3 that is free.

    One that holds nothing that would be replaced is taken again: a rebuild that is repeated, or
    that was cut off, goes on with its own.
    """
    names = (host if number == 1 else f"{host}.{number}" for number in count(1))
    return next(
        place
        for place in (f"{ASIDE}/{name}" for name in names)
        if not _is_another_s(machine, source, include, place)
    )


def _is_another_s(machine: Machine, source: Source, include: tuple[str, ...], place: str) -> bool:
    if not include or not machine.path(place).exists():
        return False
    foreseen = plan(machine, source, Wish(include, place, "all"))
    return any(_loses(one) for one in foreseen.placed)


def _loses(one: Placed) -> bool:
    """Say whether placing this would lose what is there; a directory is merged."""
    path = Path(one.path)
    is_directory = path.is_dir() and not path.is_symlink()
    return one.action == "conflict" or (one.action == "replaced" and not is_directory)
