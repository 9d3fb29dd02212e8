"""Which conda environments a machine has: those below declared prefixes, and the users' own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deeprig_host.backup.state_accounts import User, users
from deeprig_host.backup.state_part import PartFailed, in_words, read_text
from deeprig_host.machine.commands import Machine

#: conda writes each environment that a user makes into it (conda/core/envs_manager.py).
_REGISTERED = ".conda/environments.txt"
#: Builds of the conda role (roles/conda); the names that people use are links to them.
_BUILDS = "generations"
_MOST = 500


@dataclass(frozen=True, slots=True)
class CondaPlaces:
    """The paths of environments, as people name them, and where more could not be looked for."""

    paths: tuple[str, ...]
    problems: tuple[str, ...] = ()


def conda_environments(machine: Machine, prefixes: tuple[str, ...]) -> CondaPlaces:
    """Return all environments of a machine.

    A path that leads where an earlier one leads is left out, and so are the builds of an
    environment beside the one in use.
    """
    found: dict[Path, str] = {}
    problems: list[str] = []
    builds = tuple(_place(machine, f"{prefix}/{_BUILDS}") for prefix in prefixes)
    for path in _below(machine, prefixes, problems):
        found.setdefault(_place(machine, path), path)
    for path in _of_users(machine, problems):
        place = _place(machine, path)
        if not any(place.is_relative_to(build) for build in builds):
            found.setdefault(place, path)
    if len(found) > _MOST:
        problems.append(f"there are {len(found)} environments; {_MOST} are captured")
    return CondaPlaces(tuple(sorted(found.values())[:_MOST]), tuple(problems))


def _below(machine: Machine, prefixes: tuple[str, ...], problems: list[str]) -> Iterator[str]:
    for prefix in prefixes:
        if is_environment(machine, prefix):
            yield prefix
        try:
            names = sorted(entry.name for entry in machine.path(f"{prefix}/envs").iterdir())
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            problems.append(in_words(error))
            continue
        for name in names:
            if is_environment(machine, f"{prefix}/envs/{name}"):
                yield f"{prefix}/envs/{name}"


def _of_users(machine: Machine, problems: list[str]) -> Iterator[str]:
    try:
        people = tuple(user for user in users(machine) if user.is_person)
    except (PartFailed, OSError) as error:
        problems.append(in_words(error))
        return
    for user in people:
        try:
            known = _registered(machine, user)
        except (PartFailed, OSError) as error:
            # What one user has done must not hide the environments of the others.
            problems.append(in_words(error))
            continue
        yield from (path for path in known if is_environment(machine, path))


def _registered(machine: Machine, user: User) -> tuple[str, ...]:
    try:
        text = read_text(machine.path(f"{user.home}/{_REGISTERED}"))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    lines = (line.strip().rstrip("/") for line in text.splitlines())
    return tuple(line for line in lines if line.startswith("/") and line.isprintable())


def is_environment(machine: Machine, path: str) -> bool:
    """Say whether conda has something installed at a path."""
    return (_place(machine, path) / "conda-meta").is_dir()


def environment_directory(machine: Machine, path: str) -> Path:
    """Return the directory of an environment, where its link leads."""
    return _place(machine, path)


def _place(machine: Machine, path: str) -> Path:
    # Not Path.resolve: before Python 3.13 it raises RuntimeError on links in a circle.
    return Path(os.path.realpath(machine.follow(path)))
