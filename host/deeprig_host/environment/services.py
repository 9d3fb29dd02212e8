"""Which services still run from an environment that was in use before this one.

A run that was cut between switching the environment and restarting what runs from it is seen so:
the next one finds the environment in place, and the service older than the link to it.
"""

from __future__ import annotations

import os
import time

from deeprig_host.environment.places import Places
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

_ASKED = "--property=Id,MainPID"


def services_before(machine: Machine, units: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the units whose main process started before the environment came into use.

    A unit that does not run is none of them. Raise Refused when systemd does not answer.
    """
    switched = _switched_at(machine)
    if switched is None:
        return ()
    done = machine.run("systemctl", "show", _ASKED, *units)
    if not done.is_good:
        raise Refused(
            "systemd does not tell since when services run",
            evidence=done.tail(),
            remedy="look at: systemctl status",
            outcome="failed",
        )
    blocks = [block for block in done.out.strip().split("\n\n") if block]
    shown = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in blocks]
    return tuple(unit["Id"] for unit in shown if _started_at(machine, unit) < switched)


def _switched_at(machine: Machine) -> float | None:
    """Return when the link was made; None without one, or when its time is still to come."""
    link = Places.of(machine).link
    if not link.is_symlink():
        return None
    made = link.lstat().st_mtime
    return made if made <= time.time() else None  # the clock was wrong: it says nothing


def _started_at(machine: Machine, unit: dict[str, str]) -> float:
    """Return when a unit's process started, by the clock of now: it may have jumped since.

    Not by systemd's own ExecMainStartTimestampMonotonic: that clock stands still while the machine
    is suspended, so what ran before would seem to have started after.
    """
    stat = machine.text(f"/proc/{unit.get('MainPID', '0')}/stat")
    if stat is None:  # it does not run, or not any more
        return float("inf")
    # proc_pid_stat(5), field 22: clock ticks since the boot, time in suspend counted. The command
    # in parentheses may hold anything.
    ticks = int(stat.rpartition(")")[2].split()[19])
    since_boot = time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.time() - (since_boot - ticks / os.sysconf("SC_CLK_TCK"))
