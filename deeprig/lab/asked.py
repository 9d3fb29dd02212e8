"""What ``lab up`` is asked for, checked before anything is made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from deeprig.errors import UsageProblem
from deeprig.lab.image import cache_directory, check_os
from deeprig.lab.lab_directory import is_a_labs
from deeprig.lab.requirements import check_directory
from deeprig.lab.state import MOST_HOSTS

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
#: The name becomes part of a namespace's, a cgroup's and a lock's name.
_LONGEST_NAME = 40
#: mount(8) reads these in the path of an overlay's lower layer as its own.
_NOT_IN_CACHE_PATH = frozenset(':,\\"')


@dataclass(frozen=True, slots=True)
class LabSpec:
    """What ``lab up`` was asked for. ``hosts`` counts those that shall be there in the end.

    ``served`` are name and directory; ``mirror`` is a URL to make the image from, instead of the
    controller's own sources; ``data`` is a file of settings for the hosts. ``image`` is a root
    file system to start from instead of the one of ``os``; it is not changed.
    """

    directory: Path
    hosts: int = 1
    os: str = "debian12"
    served: tuple[tuple[str, Path], ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    data: Path | None = None
    mirror: str | None = None
    image: Path | None = None


def check_spec(spec: LabSpec) -> None:
    """Raise UsageProblem for what would fail later, with hosts already up."""
    if not 1 <= spec.hosts <= MOST_HOSTS:
        raise UsageProblem(f"a lab has 1 to {MOST_HOSTS} hosts", place="--hosts")
    check_os(spec.os)
    for name, path in spec.served:
        _check_served(name, path)
    if spec.data is not None and not spec.data.is_file():
        raise UsageProblem("there is no such file", place=f"--data {spec.data}")
    if spec.mirror is not None and not spec.mirror.startswith(("http://", "https://")):
        raise UsageProblem("it is no http or https URL", place=f"--mirror {spec.mirror}")
    _check_places(spec.directory.resolve())


def _check_served(name: str, path: Path) -> None:
    if not _NAME.fullmatch(name):
        raise UsageProblem(
            f"{name!r} cannot be part of a URL",
            place="--serve",
            remedy="use letters, digits, dots, dashes and underscores",
        )
    if not path.is_dir():
        raise UsageProblem(f"{path} is no directory", place=f"--serve {name}")


def _check_places(directory: Path) -> None:
    if not _NAME.fullmatch(directory.name) or len(directory.name) > _LONGEST_NAME:
        raise UsageProblem(
            f"{directory.name!r} cannot be a lab's name",
            place=str(directory),
            remedy=f"use at most {_LONGEST_NAME} letters, digits and dashes",
        )
    if directory.exists() and not (directory.is_dir() and is_a_labs(directory)):
        raise UsageProblem(
            "something else than a lab is there", place=str(directory), remedy="use another --name"
        )
    check_directory(directory)
    cache = cache_directory()
    if _NOT_IN_CACHE_PATH & set(str(cache)):
        raise UsageProblem(
            "images cannot be kept below a path with a colon, comma, backslash or quote",
            place=str(cache),
            remedy="set XDG_CACHE_HOME to another directory",
        )
