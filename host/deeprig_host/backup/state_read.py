"""Read a captured state back, as it was restored from a backup: every file against its digest."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deeprig_host.backup import state_conda, state_files, state_packages
from deeprig_host.backup.conda_texts import variables_in
from deeprig_host.backup.state_accounts import ACCOUNTS, Group, User
from deeprig_host.backup.state_machine import MACHINE
from deeprig_host.backup.state_part import PartFailed, read_bytes
from deeprig_host.backup.state_store import INDEX, Recorded, digest, read_index
from deeprig_host.machine.refusal import Refused

#: The parts that every capture has; what is not in the index is not known.
PARTS = ("machine", "accounts", "packages", "files")


@dataclass(frozen=True, slots=True)
class Environment:
    """A conda environment: its explicit lock without comments, and what pip lists.

    ``lock`` is the whole file, in the order that conda installs in; ``build`` is deeprig's build
    that the name leads to, None where a person made it; ``owner`` the number of its user, None
    where its files are of several.
    """

    path: str
    explicit: frozenset[str]
    pip: frozenset[str]
    lock: str = ""
    build: str | None = None
    owner: int | None = 0
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class State:
    """What a machine was. What is in ``unknown`` (part: reason) is empty here, and may be old."""

    host: str = ""
    machine: Mapping[str, Any] = field(default_factory=dict)
    users: tuple[User, ...] = ()
    groups: tuple[Group, ...] = ()
    installed: Mapping[str, str] = field(default_factory=dict)
    manual: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    files: Mapping[str, str] = field(default_factory=dict)
    environments: tuple[Environment, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)


def read_state(directory: Path) -> State:
    """Return the state in a directory. Raise Refused where there is none, or no readable index."""
    try:
        index = read_index(directory)
    except (PartFailed, OSError) as error:
        raise Refused(
            "the captured state cannot be read",
            evidence=(str(error),),
            remedy="restore it from another snapshot, or run a backup to capture it anew",
            outcome="failed",
        ) from error
    if index is None:
        raise Refused(
            f"{directory} holds no captured state: there is no {INDEX}",
            remedy="restore /var/lib/deeprig/backup/state from a snapshot, or run a backup",
        )
    reader = _Reader(directory)
    for name in PARTS:
        if index.part(name) is None:
            reader.unknown[name] = "it was never captured"
    for part in index.parts:
        reader.take(part)
    return State(host=index.host, unknown=reader.unknown, **reader.fields())


class _Reader:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.unknown: dict[str, str] = {}
        self._environments: list[Environment] = []
        self._fields: dict[str, Any] = {}

    def fields(self) -> dict[str, Any]:
        """Return what the parts told."""
        return self._fields | {"environments": tuple(self._environments)}

    def take(self, part: Recorded) -> None:
        """Read a part; one that is not whole or not of now is unknown."""
        try:
            self._read(part.name, self._contents(part))
        except (PartFailed, OSError) as error:
            self.unknown[part.name] = str(error)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            self.unknown[part.name] = f"it is unreadable: {type(error).__name__}: {error}"

    def _contents(self, part: Recorded) -> dict[str, bytes]:
        if part.reason:
            raise PartFailed(part.reason)
        contents = {path: read_bytes(self.directory / path) for path in part.files}
        for path, content in contents.items():
            if digest(content) != part.files[path]:
                raise PartFailed(f"{path} is not as it was captured")
        return contents

    def _read(self, name: str, contents: dict[str, bytes]) -> None:
        if name.startswith(state_conda.PREFIX):
            self._environments.append(_environment(name[len(state_conda.PREFIX) :], contents))
        elif name in _FIELDS:
            self._fields |= _FIELDS[name](contents)


def _environment(path: str, contents: dict[str, bytes]) -> Environment:
    place = f"{state_conda.DIRECTORY}/{state_conda.directory_name(path)}"
    explicit = _lines(contents[f"{place}/{state_conda.EXPLICIT}"])
    lock = (line for line in explicit if line[0] != "@" and not _is_comment(line))
    about = json.loads(contents[f"{place}/{state_conda.ABOUT}"])
    return Environment(
        path,
        frozenset(lock),
        frozenset(_lines(contents[f"{place}/{state_conda.PIP}"])),
        "".join(f"{line}\n" for line in explicit),
        about["build"],
        None if about["owner"] is None else int(about["owner"]),
        variables_in(_lines(contents[f"{place}/{state_conda.ENVIRONMENT}"])),
    )


def _is_comment(line: str) -> bool:
    # What has no URL cannot be made anew from the lock: it is no comment for whoever compares.
    return line.startswith("#") and not line.startswith("# no URL for:")


def _machine(contents: dict[str, bytes]) -> dict[str, Any]:
    return {"machine": dict(json.loads(contents[MACHINE]))}


def _accounts(contents: dict[str, bytes]) -> dict[str, Any]:
    told = json.loads(contents[ACCOUNTS])
    groups = (Group(one["name"], one["gid"], tuple(one["members"])) for one in told["groups"])
    return {"users": tuple(User(**one) for one in told["users"]), "groups": tuple(groups)}


def _packages(contents: dict[str, bytes]) -> dict[str, Any]:
    pairs = (line.split("\t") for line in _lines(contents[state_packages.INSTALLED]))
    return {
        "installed": dict(pairs),
        "manual": frozenset(_lines(contents[state_packages.MANUAL])),
        "held": frozenset(_lines(contents[state_packages.HELD])),
    }


def _files(contents: dict[str, bytes]) -> dict[str, Any]:
    start = len(f"{state_files.DIRECTORY}")
    return {"files": {path[start:]: digest(content) for path, content in contents.items()}}


def _lines(content: bytes) -> list[str]:
    return [line for line in content.decode("utf-8", "surrogateescape").splitlines() if line]


_FIELDS: dict[str, Callable[[dict[str, bytes]], dict[str, Any]]] = {
    "machine": _machine,
    "accounts": _accounts,
    "packages": _packages,
    "files": _files,
}
