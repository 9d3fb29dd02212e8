"""The journal and log files are limited."""

from __future__ import annotations

from typing import Any

from deeprig.verify.checks import Checks
from roles.maintenance.checks.answers import last_words
from roles.maintenance.readings import bytes_of, journal_options, rotations
from roles.maintenance.settings import MaintenanceSettings


def test_the_journal_is_limited(host: Any, settings: MaintenanceSettings, check: Checks) -> None:
    """The limits that journald reads, over all of its files, are the declared ones."""
    shown = host.run("systemd-analyze cat-config systemd/journald.conf")
    options = journal_options(shown.stdout)
    wanted = {
        "SystemMaxUse": settings.journal_max_size,
        "MaxRetentionSec": f"{settings.journal_retention_days}day",
    }
    for key, value in wanted.items():
        seen = options.get(key, "unset") if shown.rc == 0 else shown.stderr.strip()
        check(f"journal: {key}", seen == value if shown.rc == 0 else None, f"{seen} ({value})")


def test_log_files_are_limited(host: Any, settings: MaintenanceSettings, check: Checks) -> None:
    """Logrotate itself says of every log from which size on it is rotated."""
    if settings.log_max_size is None:
        return
    shown = host.run("logrotate -d /etc/logrotate.conf")
    found = rotations(shown.stdout + shown.stderr)
    unlimited = [rotation.paths for rotation in found if rotation.limit_bytes is None]
    default = bytes_of(settings.log_max_size)
    is_default_used = any(rotation.limit_bytes == default for rotation in found)
    evidence = f"without a limit: {', '.join(unlimited)}" if unlimited else f"{len(found)} patterns"
    if shown.rc != 0 or not found:
        evidence = last_words(shown.stderr or shown.stdout)
    is_good = None if shown.rc != 0 or not found else is_default_used and not unlimited
    check(f"log files are rotated above {settings.log_max_size}", is_good, evidence)
