"""``restore``: every fan of every GPU back to the card's own control, whatever was before.

It needs no configuration and no state, and no answer of the driver either: each GPU is given back
in a process of its own, so that one that hangs keeps no other from it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

from deeprig_host.machine.commands import Machine

#: So long a killed process has to end.
KILL_SECONDS = 1.0
#: The child finds what we find, and nothing that the environment would have it find.
_CHILD = """
import json, runpy, sys
sys.path[:] = json.loads(sys.argv.pop(1))
runpy.run_module("deeprig_host.cooling.restore_child", run_name="__main__", alter_sys=False)
"""


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of a GPU: ``none`` (no fans), ``automatic``, ``full``, ``stuck``."""

    name: str
    outcome: str
    reason: str = ""
    power: str = ""

    @property
    def is_good(self) -> bool:
        """Say whether nothing of it is left in our hands."""
        return self.outcome in ("none", "automatic") and not self.power

    def __str__(self) -> str:
        words = {
            "none": "it has no fan to give back",
            "automatic": "the fans are automatic",
            "full": "the fans are at 100 %, and cannot be given back",
            "stuck": "the fans are as they were: they can neither be given back nor set",
        }
        told = words[self.outcome] + (f": {self.reason}" if self.reason else "")
        return f"{self.name}: {told}" + (f"; {self.power}" if self.power else "")


def restore(machine: Machine, with_power: bool, limit_seconds: float) -> tuple[Restored, ...]:
    """Give back every GPU; ``with_power``: its default power limit too.

    Without a driver there is nothing to give back: the answer is empty. It takes twice the limit,
    and ``KILL_SECONDS``, at most: to count the GPUs, and to give back all of them.
    """
    counted = _answers([_start("count", "--root", str(machine.root))], limit_seconds)[0]
    if isinstance(counted, str):
        return (Restored("all GPUs", "stuck", counted),)
    if not counted["has_driver"]:
        return ()
    if counted["error"] is not None:
        return (Restored("all GPUs", "stuck", counted["error"]),)
    power = ("--power",) if with_power else ()
    children = [_start("one", str(index), *power) for index in range(counted["count"])]
    return tuple(
        _restored(index, told) for index, told in enumerate(_answers(children, limit_seconds))
    )


def _start(*words: str) -> subprocess.Popen[str]:
    command = (sys.executable, "-I", "-c", _CHILD, json.dumps(sys.path), *words)
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def _answers(
    children: list[subprocess.Popen[str]], limit_seconds: float
) -> list[dict[str, Any] | str]:
    """Return what each child said, or why it said nothing; all of them within one limit.

    Killed ones have a moment to end, together; what hangs in the kernel is left behind, and told.
    """
    end = time.monotonic() + limit_seconds
    hanging = {child for child in children if not _has_ended(child, end)}
    for child in hanging:
        child.kill()
    end = time.monotonic() + KILL_SECONDS
    left = {child for child in hanging if not _has_ended(child, end)}
    return [_answer(child, child in hanging, child in left) for child in children]


def _has_ended(child: subprocess.Popen[str], end: float) -> bool:
    """Say whether a child ended in time: also past the end, where it has already ended."""
    try:
        child.wait(max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True


def _answer(child: subprocess.Popen[str], is_late: bool, is_left: bool) -> dict[str, Any] | str:
    """Return what a child said; what one line is, its pipe held until now."""
    if is_late:
        why = f"; process {child.pid} hangs in the driver and cannot be killed" if is_left else ""
        return f"NVML did not answer in time{why}"
    if child.returncode != 0:
        return f"the process that asked NVML ended with {child.returncode}"
    told: dict[str, Any] = json.loads(child.communicate()[0])
    return told


def _restored(index: int, told: dict[str, Any] | str) -> Restored:
    if isinstance(told, str):
        return Restored(f"GPU {index}", "stuck", told)
    return Restored(**{key: str(value) for key, value in told.items()})
