"""Snapshots that a person has looked at and found good, though they look forged.

A repository that was moved here, for instance: all of its snapshots arrived in one night. Or a data
set that was removed: later snapshots are compared with the newest one that was accepted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from deeprig_host.backup_server.places import STATE_DIRECTORY
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.durable import place_text
from deeprig_host.machine.refusal import Refused

SCHEMA = "deeprig.backup-server-accepted/1"


def accepted_in(machine: Machine, client: str) -> frozenset[str]:
    """Return the ids of a client's accepted snapshots. Raise Refused where they are not known."""
    path = machine.path(_place(client))
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return frozenset(str(name) for name in told["snapshots"])
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(
            f"{_place(client)} cannot be read: {error}",
            remedy="remove it, and accept good snapshots again",
            outcome="failed",
        ) from error


def accept(machine: Machine, client: str, snapshots: Iterable[str]) -> None:
    """Keep that these snapshots of a client are good."""
    told = {"schema": SCHEMA, "client": client, "snapshots": sorted(snapshots)}
    place_text(machine.path(_place(client)), json.dumps(told) + "\n")


def _place(client: str) -> str:
    return f"{STATE_DIRECTORY}/accepted/{client}.json"
