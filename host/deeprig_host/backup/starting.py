"""Start a work as a unit of systemd, where it is; elsewhere as a process with no session."""

from __future__ import annotations

import subprocess
import sys
import time

from deeprig_host.backup.units import Work
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

_BOOTED = "/run/systemd/system"
_START_SECONDS = 60.0
#: restic lets go within a minute, then it is killed; scratch of a whole machine takes a while.
_STOP_SECONDS = 300
_POLL_SECONDS = 0.05


def start(machine: Machine, work: Work) -> None:
    """Start it, and return when its process is there. Raise Refused."""
    # Isolated where this process is: what lies in a home is nothing that root imports.
    isolated = ("-I",) if sys.flags.isolated else ()
    words = [sys.executable, *isolated, "-m", "deeprig_host.backup"]
    words += ["--root", str(machine.root), "at-work", work.name]
    if machine.path(_BOOTED).is_dir():
        _as_unit(machine, work, words)
    else:
        # Nobody waits for it: it is to outlive this process.
        subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    _wait_for(work)


def stop(machine: Machine, work: Work) -> None:
    """End it in order, and return when it has ended. Raise Refused."""
    done = machine.run("systemctl", "stop", work.name, seconds=_STOP_SECONDS + 60)
    if not done.is_good or work.is_running():
        raise Refused(
            f"{work.name} could not be ended",
            evidence=done.tail(3),
            remedy=f"look at `systemctl status {work.name}`",
            outcome="failed",
        )


def _as_unit(machine: Machine, work: Work, words: list[str]) -> None:
    # A shutdown and `end` ask the program alone, which has restic let go of the repository.
    done = machine.run(
        *("systemd-run", "--quiet", "--collect", f"--unit={work.name}"),
        *("--property=Type=exec", "--property=KillMode=mixed"),
        f"--property=TimeoutStopSec={_STOP_SECONDS}",
        "--description=deeprig's backup work that outlives its connection",
        *words,
    )
    if not done.is_good:
        raise Refused(
            "the work could not be started as a unit of its own",
            evidence=done.tail(3),
            remedy="look at `systemctl --failed` and `journalctl -b`",
            outcome="failed",
        )


def _wait_for(work: Work) -> None:
    end = time.monotonic() + _START_SECONDS
    while not work.has_begun:
        if time.monotonic() > end:
            raise Refused(
                f"{work.name} was started and does not come up",
                evidence=tuple(work.said.splitlines()[-3:]),
                remedy=f"look at `journalctl -u {work.name}`",
                outcome="failed",
            )
        time.sleep(_POLL_SECONDS)
