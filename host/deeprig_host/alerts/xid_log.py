"""Keep the kernel's Xid errors in ``/var/lib/deeprig/xid.jsonl``, one JSON object per line.

Read from systemd's journal by its cursors: once per run, what came since the last one, of this
boot and of those before (an error is often followed by a crash). No process stays for it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from deeprig_host.alerts.xid_lines import parse_line
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.durable import place_text
from deeprig_host.machine.refusal import Refused

LOG = "/var/lib/deeprig/xid.jsonl"
CURSOR = "/var/lib/deeprig/xid.cursor"
#: When the log has more lines, only the newest of each GPU and code stay: a code that floods it
#: (13 and 31 do) must not push out the one that tells of a defect.
MOST_LINES, KEPT_OF_A_KIND = 2000, 50
_SECONDS = 60
#: Not ``-k``: that would be this boot only (journalctl(1)).
_KERNEL = ("journalctl", "--quiet", "--no-pager", "--output=json", "_TRANSPORT=kernel")


@dataclass(frozen=True, slots=True)
class Gathered:
    """How many errors were new. ``remarks`` are for the log."""

    count: int
    remarks: tuple[str, ...] = ()


def gather(machine: Machine) -> Gathered:
    """Append what is new. Raise Refused where the journal cannot be read, OSError for the file."""
    newest = _newest_cursor(machine)
    last = machine.text(CURSOR) or ""
    if newest in ("", last):
        return Gathered(0)
    entries, remarks = _since(machine, last)
    known = _read(machine)
    new = _unknown(entries, known)
    if new:
        _write(machine, (*known, *new))
    # After the log: cut in between, entries are seen twice, and known by their cursors.
    place_text(machine.path(CURSOR), newest + "\n", 0o644)
    return Gathered(len(new), remarks)


def _newest_cursor(machine: Machine) -> str:
    """Return the cursor of the kernel's last line, empty where there is none."""
    done = machine.run(*_KERNEL, "--lines=1", seconds=_SECONDS)
    if not done.is_good:
        raise Refused(
            "the kernel's journal cannot be read",
            evidence=done.tail(3),
            remedy="run as root, on a machine with systemd-journald",
            outcome="failed",
        )
    entries = _entries(done.out)
    return str(entries[-1].get("__CURSOR", "")) if entries else ""


def _since(machine: Machine, cursor: str) -> tuple[tuple[dict[str, Any], ...], tuple[str, ...]]:
    """Return the entries with an Xid after a cursor; all of them where it leads nowhere."""
    ask = (*_KERNEL, "--grep=Xid", "--case-sensitive=true")
    if cursor:
        done = machine.run(*ask, f"--after-cursor={cursor}", seconds=_SECONDS)
        if _is_answer(done.code, done.err):
            return _entries(done.out), ()
    done = machine.run(*ask, seconds=_SECONDS)
    if not _is_answer(done.code, done.err):
        raise Refused(
            "the kernel's journal cannot be searched",
            evidence=done.tail(3),
            remedy="`journalctl --grep=Xid` as root says why",
            outcome="failed",
        )
    remark = f"{CURSOR} leads nowhere in the journal: read from its begin" if cursor else ""
    return _entries(done.out), (remark,) if remark else ()


def _is_answer(code: int, errors: str) -> bool:
    """Say whether journalctl answered; with --grep it exits with 1 where nothing matches."""
    return code == 0 or (code == 1 and not errors.strip())


def _entries(out: str) -> tuple[dict[str, Any], ...]:
    """Return the journal's entries; a line that is cut or odd is none."""
    found = []
    for line in out.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            found.append(entry)
    return tuple(found)


def _unknown(
    entries: Iterable[dict[str, Any]], known: Iterable[dict[str, Any]]
) -> tuple[dict[str, Any], ...]:
    seen = {one.get("cursor") for one in known}
    records = (_record(entry) for entry in entries)
    return tuple(one for one in records if one is not None and one["cursor"] not in seen)


def _record(entry: dict[str, Any]) -> dict[str, Any] | None:
    """Return the log's object for a journal entry, None where it tells of no error."""
    message = entry.get("MESSAGE")
    if isinstance(message, list):  # bytes that are no text are told as numbers
        message = bytes(message).decode("utf-8", "replace")
    found = parse_line(str(message))
    if found is None:
        return None
    instance = {"instance": found.instance} if found.instance else {}
    return {
        "time": int(entry["__REALTIME_TIMESTAMP"]) / 1e6,
        "address": found.address,
        "code": found.code,
        "text": found.text,
        **instance,
        "cursor": str(entry["__CURSOR"]),
    }


def _read(machine: Machine) -> tuple[dict[str, Any], ...]:
    """Return what the log has; a line that is none of ours is left out, and gone at a write."""
    told = _entries(machine.text(LOG) or "")
    return tuple(one for one in told if isinstance(one.get("time"), (int, float)))


def _write(machine: Machine, records: tuple[dict[str, Any], ...]) -> None:
    """Write the log whole, so that it is the old one or the new one; anyone may read it."""
    records = tuple(sorted(records, key=lambda record: float(record["time"])))
    kept = records if len(records) <= MOST_LINES else _newest_of_each(records)
    text = "".join(json.dumps(record) + "\n" for record in kept)
    place_text(machine.path(LOG), text, 0o644)


def _newest_of_each(records: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    kinds: dict[tuple[Any, Any], list[int]] = defaultdict(list)
    for number, record in enumerate(records):
        kinds[record.get("address"), record.get("code")].append(number)
    kept = {number for numbers in kinds.values() for number in numbers[-KEPT_OF_A_KIND:]}
    return tuple(record for number, record in enumerate(records) if number in kept)
