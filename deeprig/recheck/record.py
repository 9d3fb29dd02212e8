"""What the last evaluation of a command's hosts read and found, kept in the user's cache.

Of what hosts answered only keyed digests are kept. Whoever can write the file could make a re-run
say that nothing changed: it is read only where it, and its directory, is the user's own.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deeprig.recheck import far_end
from deeprig.recheck.inputs import Mark

_FORM = 1
#: Records of other inventories, limits and roles that are kept beside the newest.
_MOST_RECORDS = 30
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a fact, as the far side is asked it; ``look`` as in transport.looks."""

    shell: str
    text: str
    look: str


@dataclass(frozen=True, slots=True)
class HostRecord:
    """What one host was asked in a run that found nothing to change.

    ``ssh`` is the command that reaches it, up to what runs there; ``answers`` are digests (hex) by
    the question's number; ``run`` is the report's HostRun; ``leaves_status`` says that the run
    leaves its result on the host.
    """

    ssh: tuple[str, ...]
    sudo: bool
    answers: Mapping[int, str]
    run: Mapping[str, Any]
    evaluated: str
    leaves_status: bool


@dataclass(frozen=True, slots=True)
class Record:
    """All hosts of one command, in the inventory's order; those without a record are in ``order``.

    ``key`` is that of the digests, hex; ``variables`` the digest of the environment; ``notes`` are
    what was not taken over of the inventory, each with whether it is a detail.
    """

    version: str
    key: str
    variables: str
    directory: str
    inventory: str
    order: tuple[str, ...]
    marks: Mapping[str, Mark]
    notes: tuple[tuple[str, bool], ...] = ()
    questions: tuple[Asked, ...] = ()
    hosts: Mapping[str, HostRecord] = field(default_factory=dict)


def digest(key: bytes, *parts: bytes) -> str:
    """Return a keyed digest of some parts, as the far end makes it."""
    return far_end.digest(key, parts).decode("ascii")


def place_of(words: tuple[str, ...]) -> Path:
    """Return where the record of a command lies: ``words`` are all that tells it from others."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    told = "\0".join((str(os.getuid()), str(Path.cwd()), *words))
    return Path(base) / "deeprig" / "recheck" / f"{hashlib.sha256(told.encode()).hexdigest()}.json"


def load(place: Path) -> Record | None:
    """Return the record that lies there, or None: none, another form's, or not only the user's."""
    try:
        if not (_is_private(place.parent) and _is_private(place)):
            return None
        return _decoded(json.loads(place.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def save(place: Path, record: Record) -> None:
    """Write a record whole, for the user alone. Raise OSError."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    place.parent.chmod(0o700)
    new = place.with_name(f"{place.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(_encoded(record), file, separators=(",", ":"))
        new.replace(place)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    records = sorted(place.parent.glob("*.json"), key=lambda one: one.stat().st_mtime)
    for old in records[:-_MOST_RECORDS]:
        old.unlink(missing_ok=True)


def forget(place: Path) -> None:
    """Have no record there. One that cannot be removed is not good any more either way."""
    place.unlink(missing_ok=True)


def _is_private(path: Path) -> bool:
    found = path.lstat()
    return found.st_uid == os.getuid() and not found.st_mode & _OTHERS_MAY_WRITE


def _encoded(record: Record) -> dict[str, Any]:
    return {
        "form": _FORM,
        "version": record.version,
        "key": record.key,
        "variables": record.variables,
        "directory": record.directory,
        "inventory": record.inventory,
        "order": record.order,
        "marks": record.marks,
        "notes": record.notes,
        "questions": [(one.shell, one.text, one.look) for one in record.questions],
        "hosts": {
            name: {
                "ssh": host.ssh,
                "sudo": host.sudo,
                "numbers": tuple(host.answers),
                "answers": "".join(host.answers.values()),
                "run": host.run,
                "evaluated": host.evaluated,
                "leaves_status": host.leaves_status,
            }
            for name, host in record.hosts.items()
        },
    }


def _decoded(data: Any) -> Record | None:
    if data["form"] != _FORM:
        return None
    bytes.fromhex(data["key"])
    return Record(
        version=data["version"],
        key=data["key"],
        variables=data["variables"],
        directory=data["directory"],
        inventory=data["inventory"],
        order=tuple(data["order"]),
        marks={path: tuple(mark) if mark else None for path, mark in data["marks"].items()},
        notes=tuple((text, is_detail) for text, is_detail in data["notes"]),
        questions=tuple(Asked(*one) for one in data["questions"]),
        hosts={name: _host(one) for name, one in data["hosts"].items()},
    )


def _host(data: Any) -> HostRecord:
    answers = data["answers"]
    digests = (answers[at : at + 32] for at in range(0, len(answers), 32))
    return HostRecord(
        ssh=tuple(data["ssh"]),
        sudo=data["sudo"],
        answers=dict(zip(data["numbers"], digests, strict=True)),
        run=data["run"],
        evaluated=data["evaluated"],
        leaves_status=data["leaves_status"],
    )
