"""What the last prune did, for people, metrics and alerts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from deeprig_host.backup_server.places import PRUNE_FILE, SUMMARY_FILE
from deeprig_host.backup_server.pruning import Pruned
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.durable import place_text
from deeprig_host.machine.refusal import Refused

SCHEMA = "deeprig.backup-server/1"
SUMMARY_SCHEMA = "deeprig.status/1"
_OPEN = 0o644


def told_before(machine: Machine) -> dict[str, dict[str, Any]]:
    """Return what was told of each client, with the time of its prune; none where nothing was.

    Raise Refused where it cannot be read.
    """
    try:
        told = json.loads(machine.path(PRUNE_FILE).read_text(encoding="utf-8"))
        # What an earlier release wrote has one time for all.
        rows = [{"time": told["time"], **one} for one in told["clients"]]
        return {str(one["client"]): one for one in rows}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"{PRUNE_FILE} cannot be read: {error}"
        raise Refused(reason, remedy="remove it; the next prune writes it anew") from error


def write_told(
    machine: Machine,
    ended: Sequence[Pruned],
    now: float,
    others: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Write how each client ended, and the summary of all; return what is to be told of ``ended``.

    ``others`` is what stays true of clients that were not chosen this time: a good end of one does
    not hide another's. All together are as old as the oldest of them.
    """
    rows = [asdict(one) | {"time": now} for one in ended]
    whole = _document([*others, *rows], now)
    place_text(machine.path(PRUNE_FILE), json.dumps(whole) + "\n", _OPEN)
    failed = sum(1 for one in whole["clients"] if one["outcome"] != "good")
    summary = {
        "schema": SUMMARY_SCHEMA,
        "what": "backup_server",
        "ok": not failed,
        "time": whole["time"],
        "failed": failed,
    }
    place_text(machine.path(SUMMARY_FILE), json.dumps(summary) + "\n", _OPEN)
    return _document(rows, now)


def _document(rows: Sequence[Mapping[str, Any]], now: float) -> dict[str, Any]:
    is_good = all(one["outcome"] == "good" for one in rows)
    return {
        "schema": SCHEMA,
        "outcome": "good" if is_good else "failed",
        "time": min((one["time"] for one in rows), default=now),
        "clients": list(rows),
    }
