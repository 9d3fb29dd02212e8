"""Ask a repository what it holds; a bad answer is an error here, never an empty list."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from deeprig_host.backup.answer import Answer
from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.restic import OnMessage, Restic
from deeprig_host.backup.snapshots import Node, Snapshot, parse_node, parse_snapshots
from deeprig_host.backup.waiting import Reached, when_free
from deeprig_host.machine.refusal import Refused

_REMEDIES = {
    "locked": "wait until the other run has ended, then try again",
    "wrong password": "look at password_file in backup.conf: it is not this repository's",
    "no repository": "look at url in backup.conf, and that its disk or server is there",
    "no restic": "install restic: `deeprig apply --role backup`",
    "too long": "try again when the repository is faster, or with less at a time",
}
_LAST_REMEDY = "read what restic said; `backup check` tells whether the repository is damaged"


def ask(
    restic: Restic,
    repository: Repository,
    *words: str,
    seconds: float = 3600.0,
    on_message: OnMessage | None = None,
) -> Reached:
    """Run restic when the repository is free: for at most the declared wait (``when_free``)."""

    def attempt() -> Answer:
        return restic.run(words, repository, seconds=seconds, on_message=on_message)

    return when_free(restic, repository, attempt)


def snapshots_in(restic: Restic, repository: Repository) -> tuple[Snapshot, ...]:
    """Return the snapshots of every host, oldest first. Raise Refused where they are unknown."""
    reached = ask(restic, repository, "snapshots", "--json")
    check_good(reached, repository, "its snapshots cannot be read")
    try:
        rows: Any = reached.answer.document()
    except ValueError as error:
        raise Refused(
            f"repository {repository.name}: restic's list of snapshots is no JSON",
            evidence=(f"{error}", *reached.answer.lines[:2]),
            remedy=_LAST_REMEDY,
            outcome="failed",
        ) from error
    return parse_snapshots(rows or ())


def read_nodes(
    restic: Restic, repository: Repository, snapshot: Snapshot, on_node: Callable[[Node], object]
) -> None:
    """Give each file, directory and link of a snapshot to ``on_node``. Raise Refused."""

    def take(row: dict[str, Any]) -> None:
        if row.get("struct_type") == "node" or row.get("message_type") == "node":
            on_node(parse_node(row))

    reached = ask(restic, repository, "ls", "--json", snapshot.id, on_message=take)
    check_good(reached, repository, f"snapshot {snapshot.short_id} cannot be listed")


def check_good(
    reached: Reached, repository: Repository, what: str, remedy: str = _LAST_REMEDY
) -> None:
    """Raise Refused, with restic's own words, where it did not do all of what it was told.

    ``remedy`` is for what has no remedy of its own.
    """
    answer = reached.answer
    if answer.is_good:
        return
    held = (f"held by {reached.holder}",) if reached.holder else ()
    raise Refused(
        f"repository {repository.name}: {what}: {answer.meaning}",
        evidence=(*held, answer.reason()),
        remedy=_REMEDIES.get(answer.meaning, remedy),
        outcome="busy" if answer.meaning == "locked" else "failed",
    )


def host_of(backup: Backup) -> str:
    """Return the name that this host's snapshots carry."""
    return backup.tag or socket.gethostname()
