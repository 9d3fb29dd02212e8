"""What the kernel tells while a machine burns: Xid errors, and CPUs held down by heat."""

from __future__ import annotations

import json
from dataclasses import dataclass

from deeprig_host.alerts.xid_lines import Xid, parse_line
from deeprig_host.machine.commands import Machine

_KERNEL = ("journalctl", "--quiet", "--no-pager", "--boot", "--output=json", "_TRANSPORT=kernel")
_SECONDS = 60
_THROTTLED = "sys/devices/system/cpu"


@dataclass(frozen=True, slots=True)
class KernelMark:
    """A place in the kernel's log; ``cursor`` is None where the log cannot be read."""

    cursor: str | None


def mark(machine: Machine) -> KernelMark:
    """Return where the kernel's log is now.

    A log without a line is none that is kept: every kernel that has booted has said something.
    """
    done = machine.run(*_KERNEL, "--lines=1", seconds=_SECONDS)
    lines = [line for line in done.out.splitlines() if line.startswith("{")]
    if not done.is_good or not lines:
        return KernelMark(None)
    return KernelMark(_text(lines[-1], "__CURSOR") or None)


def xids_since(machine: Machine, since: KernelMark) -> tuple[Xid, ...] | None:
    """Return the GPUs' errors after a place in the log; None where that cannot be known."""
    if since.cursor is None:
        return None
    done = machine.run(*_KERNEL, f"--after-cursor={since.cursor}", seconds=_SECONDS)
    if not done.is_good:
        return None
    found = (parse_line(_text(line, "MESSAGE")) for line in done.out.splitlines())
    return tuple(one for one in found if one is not None)


def cpu_throttles(machine: Machine) -> int | None:
    """Return how often heat has held CPUs down since the boot; None where the kernel tells none.

    Virtual machines and many AMD systems do not tell. The largest of each package's counters: its
    CPUs repeat it.
    """
    pattern = "cpu[0-9]*/thermal_throttle/package_throttle_count"
    counts = []
    for path in sorted(machine.path(f"/{_THROTTLED}").glob(pattern)):
        text = path.read_text(encoding="ascii", errors="replace").strip()
        if text.isdigit():
            counts.append(int(text))
    return max(counts, default=None)


def _text(line: str, key: str) -> str:
    try:
        told = json.loads(line)
    except ValueError:
        return ""
    value = told.get(key) if isinstance(told, dict) else None
    return value if isinstance(value, str) else ""  # what is not UTF-8 is a list of bytes
