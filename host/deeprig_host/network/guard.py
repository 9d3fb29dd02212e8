"""The way back that the machine takes by itself: a timer for now, a unit for the next boot.

Both are files below /etc/systemd/system, enabled by links, and so outlive a reboot. At boot the
unit runs before anything that configures the network: what nobody confirmed does not survive it.
"""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path

from deeprig_host.machine import program
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.durable import place_file, remove_file, sync_directory
from deeprig_host.machine.refusal import Refused
from deeprig_host.network.journal import Change
from deeprig_host.network.names import (
    BOOT_UNIT,
    DIRECTORY,
    JOURNAL,
    PROGRAM,
    ROLLBACK_UNIT,
    TIMER_UNIT,
    UNITS,
)

#: Unit to the target that starts it at boot.
_ENABLED = {TIMER_UNIT: "timers.target", BOOT_UNIT: "sysinit.target"}
_ROLLBACK = """\
[Unit]
Description=Put back the network configuration that was not confirmed ({id})
ConditionPathExists={journal}
StartLimitIntervalSec=10min
StartLimitBurst=5

[Service]
Type=oneshot
TimeoutStartSec=10min
ExecStart={command} rollback --reason "not confirmed within {seconds} s"
# A way back that failed is tried again; each try is in the journal.
Restart=on-failure
RestartSec=10s
"""
_TIMER = """\
[Unit]
Description=The network configuration must be confirmed in time ({id})

[Timer]
OnActiveSec={seconds}s
AccuracySec=100ms
Unit={rollback}

[Install]
WantedBy=timers.target
"""
_BOOT = """\
[Unit]
Description=Put back the network configuration that was not confirmed before this boot ({id})
ConditionPathExists={journal}
DefaultDependencies=no
RequiresMountsFor={directory}
After=local-fs.target
Wants=network-pre.target
Before=sysinit.target network-pre.target cloud-init-local.service
Before=systemd-networkd.service NetworkManager.service networking.service

[Service]
Type=oneshot
TimeoutStartSec=2min
ExecStart={command} rollback --boot --reason "rebooted before it was confirmed"

[Install]
WantedBy=sysinit.target
"""


def arm(machine: Machine, change: Change) -> None:
    """Write the units and start the timer. Raise Refused where systemd does not take them."""
    if not machine.path("/run/systemd/system").is_dir():
        raise Refused(
            "systemd does not run here, so no way back can be armed on this host",
            remedy="boot the host with systemd as its init",
        )
    values = {
        "id": change.id,
        "seconds": change.confirm_seconds,
        "journal": JOURNAL,
        "directory": DIRECTORY,
        "rollback": ROLLBACK_UNIT,
        "command": _keep_program(machine),
    }
    for name, text in ((ROLLBACK_UNIT, _ROLLBACK), (TIMER_UNIT, _TIMER), (BOOT_UNIT, _BOOT)):
        place_file(machine.path(f"{UNITS}/{name}"), text.format(**values).encode(), 0o644)
    for name in _ENABLED:
        _enable(_link(machine, name), f"../{name}")
    # The timer may be left over from a change that was cut off: restart counts from now.
    _systemctl(machine, "daemon-reload")
    _systemctl(machine, "restart", TIMER_UNIT)


def disarm(machine: Machine) -> None:
    """Stop the timer and remove the units; a second call finds nothing to do."""
    if is_armed(machine):
        _systemctl(machine, "stop", TIMER_UNIT)
    for name in _ENABLED:
        remove_file(_link(machine, name))
    # The unit files go last: as long as one is there, a call that was cut off is taken up again.
    for name in (BOOT_UNIT, ROLLBACK_UNIT, TIMER_UNIT):
        remove_file(machine.path(f"{UNITS}/{name}"))
    _systemctl(machine, "daemon-reload")


def is_armed(machine: Machine) -> bool:
    """Say whether the machine would go back by itself."""
    return machine.path(f"{UNITS}/{TIMER_UNIT}").exists()


def seconds_left(machine: Machine) -> float | None:
    """Return the time until the timer goes back; None where it does not run."""
    words = ("systemctl", "show", "--value", "--property=NextElapseUSecMonotonic", TIMER_UNIT)
    elapses = _span_seconds(machine.run(*words).out.strip())
    return None if elapses is None else max(0.0, elapses - time.monotonic())


def program_words() -> tuple[str, ...]:
    """Return how this program is started now: out of its archive, or of its sources."""
    source = program.source()
    if source.is_file():
        return (sys.executable, str(source), "network")
    return ("/usr/bin/env", f"PYTHONPATH={source}", sys.executable, "-m", "deeprig_host.network")


def _keep_program(machine: Machine) -> str:
    """Keep a copy of the archive that we run from; return the command line for a unit."""
    words = program_words()
    source = program.source()
    if source.is_file():
        place_file(machine.path(PROGRAM), source.read_bytes(), 0o755)
        words = (sys.executable, PROGRAM, "network")
    # In a unit file % and $ have a meaning (systemd.service(5)).
    return shlex.join(words).replace("%", "%%").replace("$", "$$")


def _link(machine: Machine, name: str) -> Path:
    return machine.path(f"{UNITS}/{_ENABLED[name]}.wants/{name}")


def _enable(link: Path, target: str) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(target)
        sync_directory(link.parent)


def _span_seconds(text: str) -> float | None:
    """Return the seconds of a time span such as "1h 2min 3.5s"; None for "infinity" or ""."""
    units = {"d": 86400.0, "h": 3600.0, "min": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6}
    total = 0.0
    for word in text.split():
        number = word.rstrip("abcdefghijklmnopqrstuvwxyz")
        unit = word[len(number) :]
        if unit not in units:
            return None
        total += float(number) * units[unit]
    return total if text else None


def _systemctl(machine: Machine, *words: str) -> None:
    done = machine.run("systemctl", *words, seconds=60)
    if not done.is_good:
        raise Refused(
            f"systemctl {' '.join(words)} failed",
            evidence=done.tail(),
            remedy="look at `journalctl -b -n 50` on the host",
            outcome="failed",
        )
