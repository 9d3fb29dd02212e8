"""Xid errors by GPU and code, counted from the log that deeprig_host.alerts keeps."""

from __future__ import annotations

import json
import re

from deeprig_host.machine.commands import Machine
from deeprig_host.metrics import names
from deeprig_host.metrics.part import PartFailed
from deeprig_host.metrics.samples import Samples

LOG = "/var/lib/deeprig/xid.jsonl"
_ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}(\.[0-7])?")
#: NVIDIA's highest is some hundreds, NVSwitches' (SXid) some ten thousands.
_CODES = range(100_000)
#: The writer bounds the log; this bounds what a broken writer can cost.
_MOST_BYTES = 4 << 20


def read(machine: Machine, samples: Samples) -> None:
    """Add how many entries there are for each GPU and code, and when the last one was.

    Raise PartFailed, after the good lines were counted, where a line is none of the log's.
    """
    entries: dict[tuple[str, str], list[float]] = {}
    wrong = 0
    for line in _lines(machine):
        try:
            key, time = _entry(line)
        except (ValueError, OverflowError):
            wrong += 1
            continue
        entries.setdefault(key, []).append(time)
    for labels, times in entries.items():
        samples.add(names.XID_LOGGED, len(times), *labels)
        samples.add(names.XID_LAST, max(times), *labels)
    if wrong:
        raise PartFailed(f"{LOG}: {wrong} lines are no entries of an Xid log")


def _lines(machine: Machine) -> list[bytes]:
    """Return the whole lines: the last one may be being written."""
    try:
        with machine.path(LOG).open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return []
    if len(content) > _MOST_BYTES:
        raise PartFailed(f"{LOG}: longer than {_MOST_BYTES >> 20} MiB")
    return content.split(b"\n")[:-1]


def _entry(line: bytes) -> tuple[tuple[str, str], float]:
    """Return address and code, and the time. Raise ValueError, OverflowError: it is no entry."""
    told = json.loads(line)
    entry = told if isinstance(told, dict) else {}
    address, code, time = (entry.get(key) for key in ("address", "code", "time"))
    if not _ADDRESS.fullmatch(str(address)):
        raise ValueError("no PCI address")
    if isinstance(code, int) and code in _CODES and isinstance(time, int | float):
        return (str(address), str(int(code))), float(time)
    raise ValueError("no code or time")
