"""Files in homes that nobody has touched: as useradd(8) or the distribution put them there.

On a newer release they are newer than what a person made of them years ago; that is no reason to
keep them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from deeprig_host.backup.state_accounts import User
from deeprig_host.backup.state_part import PartFailed, read_bytes
from deeprig_host.machine.commands import Machine

_SKELETON = "/etc/skel"
#: What base-files puts into root's home at its installation.
_OF_ROOT = {".bashrc": "dot.bashrc", ".profile": "dot.profile"}
_BASE_FILES = "/usr/share/base-files"


def untouched(machine: Machine, people: Iterable[User]) -> frozenset[str]:
    """Return the paths of files in homes that are still the skeleton's, byte for byte."""
    return frozenset(
        str(path)
        for user in people
        for path, made_from in _made(machine, user)
        if (content := _content(path)) is not None and content == _content(made_from)
    )


def _made(machine: Machine, user: User) -> Iterator[tuple[Path, Path]]:
    """Yield what a home was made with: a path in it, and what it was copied from."""
    home = machine.path(user.home)
    if user.uid == 0:
        places = {name: machine.path(f"{_BASE_FILES}/{one}") for name, one in _OF_ROOT.items()}
    else:
        skeleton = machine.path(_SKELETON)
        found = sorted(skeleton.iterdir()) if skeleton.is_dir() else []
        places = {path.name: path for path in found}
    yield from ((home / name, place) for name, place in places.items())


def _content(path: Path) -> bytes | None:
    """Return a file's content; None where it cannot be told: then it counts as somebody's."""
    try:
        return read_bytes(path)
    except (PartFailed, OSError):
        return None
