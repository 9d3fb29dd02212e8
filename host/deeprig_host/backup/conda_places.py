"""Which conda environments a machine has: those below declared prefixes, and the users' own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deeprig_host.backup.leading import Leading
from deeprig_host.backup.mounts import Mount, is_in, silent
from deeprig_host.backup.state_accounts import User, users
from deeprig_host.backup.state_part import PartFailed, in_words, read_text
from deeprig_host.machine.commands import Machine

#: conda writes each environment that a user makes into it (conda/core/envs_manager.py).
_REGISTERED = ".conda/environments.txt"
#: Builds of the conda role (roles/conda); the names that people use are links to them.
_BUILDS = "generations"
_MOST = 500
#: What is read of an environment first: where these lie, the rest lies.
_READ = ("conda-meta/history", "lib")


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
    prefixes = _answering(machine, prefixes, problems)
    builds = tuple(_place(machine, f"{prefix}/{_BUILDS}") for prefix in prefixes)
    for path in _environments(machine, _below(machine, prefixes, problems), problems):
        found.setdefault(_place(machine, path), path)
    for path in _of_users(machine, problems):
        place = _place(machine, path)
        if not any(place.is_relative_to(build) for build in builds):
            found.setdefault(place, path)
    if len(found) > _MOST:
        problems.append(f"there are {len(found)} environments; {_MOST} are captured")
    return CondaPlaces(tuple(sorted(found.values())[:_MOST]), tuple(problems))


def _answering(machine: Machine, paths: tuple[str, ...], problems: list[str]) -> tuple[str, ...]:
    """Return the paths that can be looked at: a dead server's mount would hang whoever looks."""
    lost = [one for one in silent(machine, paths) if any(is_in(path, one.path) for path in paths)]
    problems += map(_silent, lost)
    return tuple(path for path in paths if not any(is_in(path, one.path) for one in lost))


def _environments(machine: Machine, paths: Iterable[str], problems: list[str]) -> Iterator[str]:
    """Yield the paths where conda has something installed.

    Links of anybody's may lead anywhere: what lies over a server that is gone, or over an automount
    that is not mounted, is told and not looked at.
    """
    known = tuple(paths)
    leading = Leading(machine)  # only now: to read lists in homes has those mounted
    for path in known:
        ends = [leading.end_of(f"{machine.path(path)}/{part}") for part in _READ]
        if None not in ends and is_environment(machine, path):
            yield path
    problems += map(_silent, leading.lost)
    problems += (f"{path}: not mounted; a link leads there" for path in leading.unmounted)


def _silent(mount: Mount) -> str:
    return f"{mount.path}: {mount.source} does not answer"


def _below(machine: Machine, prefixes: tuple[str, ...], problems: list[str]) -> Iterator[str]:
    for prefix in prefixes:
        yield prefix
        try:
            names = sorted(entry.name for entry in machine.path(f"{prefix}/envs").iterdir())
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            problems.append(in_words(error))
            continue
        yield from (f"{prefix}/envs/{name}" for name in names)


def _of_users(machine: Machine, problems: list[str]) -> Iterator[str]:
    try:
        people = tuple(user for user in users(machine) if user.is_person)
    except (PartFailed, OSError) as error:
        problems.append(in_words(error))
        return
    homes = _answering(machine, tuple(user.home for user in people), problems)
    known: list[str] = []
    for user in (one for one in people if one.home in homes):
        try:
            known += _registered(machine, user)
        except (PartFailed, OSError) as error:
            # What one user has done must not hide the environments of the others.
            problems.append(in_words(error))
    reached = _answering(machine, tuple(dict.fromkeys(known)), problems)
    yield from _environments(machine, reached, problems)


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
