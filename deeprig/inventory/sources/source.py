"""Which inventory ``-i`` names: a file of pyinfra's form, or a source such as ``netbox:https://``.

Light on purpose: nothing is read here but the beginning of a file whose name does not tell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, get_args

from deeprig.errors import UsageProblem
from deeprig.inventory.place import lab_directory

Kind = Literal["ansible", "csv", "netbox", "snapshot", "ssh", "ssh-config", "terraform"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: What a person may write before the colon; a snapshot is deeprig's own.
PREFIXES = tuple(kind for kind in KINDS if kind != "snapshot")
_PREFIX = re.compile(r"^([A-Za-z][A-Za-z0-9_-]*):(.*)$", re.DOTALL)
_URL = re.compile(r"^https?://")


@dataclass(frozen=True, slots=True)
class Source:
    """One place where an inventory lives. As text it is what ``-i`` takes."""

    kind: Kind
    place: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.place}"

    @property
    def is_file(self) -> bool:
        """Say whether the place is a path, and no URL or pattern of names."""
        return self.kind != "ssh" and not _URL.match(self.place)

    @property
    def path(self) -> Path:
        """Return the place as a path; of Terraform without the name of an output."""
        text = self.place.partition("#")[0] if self.kind == "terraform" else self.place
        return Path(text).expanduser()

    @property
    def directory(self) -> Path:
        """Return the lab directory: as of an inventory file, else where deeprig was started."""
        if self.is_file and not self.path.is_dir():
            return lab_directory(self.path)
        return Path.cwd()


#: An inventory as a command gets it: a path (its form is found out), or a source by name.
Where = Path | Source


def parse_where(text: str) -> Where:
    """Return the inventory that a text names: ``PATH``, ``PREFIX:PLACE`` or a URL.

    Raise UsageProblem for a prefix that is none, or that has no place after it.
    """
    if _URL.match(text):
        return Source("netbox", text)
    match = _PREFIX.match(text)
    if match is None or Path(text).exists():
        return Path(text)
    prefix, place = match.groups()
    for kind in KINDS:
        if kind == prefix and place:
            return Source(kind, place)
    if prefix in KINDS:
        reason = "there is nothing after the colon"
        raise UsageProblem(reason, place=f"-i {text}", remedy=f"write {prefix}:PLACE")
    close = get_close_matches(prefix, PREFIXES, n=1)
    remedy = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(PREFIXES)}"
    raise UsageProblem(
        f"there is no kind of inventory {prefix!r}", place=f"-i {text}", remedy=remedy
    )


def directory_of(where: Where) -> Path:
    """Return the lab directory of an inventory that need not be read for it."""
    if isinstance(where, Source):
        return where.directory
    return Path.cwd() if where.is_dir() else lab_directory(where)
