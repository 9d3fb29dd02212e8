"""A sign that cron or the timer still asks what is due: the date of ``/run/deeprig/backup/asked``.

It lies in memory: a full disk does not stop it, and after a boot it has to be earned anew.
"""

from __future__ import annotations

from deeprig_host.machine.commands import Machine

ASKED_FILE = "/run/deeprig/backup/asked"
_DIRECTORY_MODE = 0o700


def beat(machine: Machine) -> None:
    """Note that somebody asks now what is due. Raise OSError."""
    path = machine.path(ASKED_FILE)
    path.parent.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
    path.touch()


def last_beat(machine: Machine) -> float | None:
    """Return when it was last asked (seconds since 1970), None for never since the boot."""
    try:
        return machine.path(ASKED_FILE).stat().st_mtime
    except FileNotFoundError:
        return None
