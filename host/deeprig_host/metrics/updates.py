"""Updates of the system: what waits, when apt last looked by itself, whether to reboot."""

from __future__ import annotations

import re

from deeprig_host.machine.commands import Machine
from deeprig_host.metrics import names
from deeprig_host.metrics.samples import Samples

#: update-notifier's text (Ubuntu), such as "12 updates can be applied immediately."; in the
#: system's language, and only the English one is understood.
_AVAILABLE = "/var/lib/update-notifier/updates-available"
_COUNTS = (
    # "2 of these updates are standard security updates."; 18.04: "3 updates are security updates."
    (
        "security",
        re.compile(r"^(\d{1,6}) (?:of these )?updates? (?:is|are) (?:a )?(?:standard )?security"),
    ),
    ("all", re.compile(r"^(\d{1,6}) (?:updates?|packages?) can be (?:applied|updated|installed)")),
)
#: Touched by apt.systemd.daily; update-success-stamp by update-notifier-common (Ubuntu).
_STAMPS = (
    (
        "refresh",
        ("/var/lib/apt/periodic/update-success-stamp", "/var/lib/apt/periodic/update-stamp"),
    ),
    (
        "upgrade",
        (
            "/var/lib/apt/periodic/unattended-upgrades-stamp",
            "/var/lib/apt/periodic/upgrade-stamp",
        ),
    ),
)
_REBOOT = "/var/run/reboot-required"


def read(machine: Machine, samples: Samples) -> None:
    """Add what the system keeps count of; it is never asked to count, that takes seconds."""
    for kind, count in _pending(machine.text(_AVAILABLE) or "").items():
        samples.add(names.UPDATES_PENDING, count, kind)
    for step, stamps in _STAMPS:
        times = [time for stamp in stamps if (time := _changed(machine, stamp)) is not None]
        samples.add(names.UPDATES_TIME, max(times, default=None), step)
    since = _changed(machine, _REBOOT)
    samples.add(names.REBOOT_REQUIRED, since is not None)
    samples.add(names.REBOOT_REQUIRED_SINCE, since)


def _pending(text: str) -> dict[str, int]:
    found = {}
    for line in text.splitlines():
        for kind, pattern in _COUNTS:
            match = pattern.match(line.strip())
            if match:
                found[kind] = int(match[1])
    if "all" in found:
        found.setdefault("security", 0)  # update-notifier writes the line only where there are any
    return found


def _changed(machine: Machine, path: str) -> float | None:
    """Return when a file was last written, None where there is none."""
    try:
        return machine.path(path).stat().st_mtime
    except FileNotFoundError:
        return None
