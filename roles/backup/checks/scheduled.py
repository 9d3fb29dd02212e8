"""Something looks for what is due: what was declared, and nothing beside it."""

from __future__ import annotations

from typing import Any

import pytest

from deeprig.verify.checks import Checks
from roles.backup.checks.declaring import declared_backup
from roles.backup.places import CRON_FILE, PROGRAM, SERVICE_FILE, TIMER, TIMER_FILE
from roles.backup.schedule import CRON
from roles.backup.settings import BackupSettings

_WRITTEN_BY_OTHERS = 0o022
WORK = " ".join((*PROGRAM, "work"))


def test_backups_are_made_by_themselves(
    host: Any, declared: Any, request: pytest.FixtureRequest, check: Checks
) -> None:
    """Cron or the timer is at work, now and after a boot, and runs the command that does it all."""
    wanted = declared_backup(declared, request)
    by_cron, by_timer = _runs_work(host, CRON_FILE), _runs_work(host, SERVICE_FILE)
    unit, is_run, other = (
        (CRON, by_cron, by_timer or host.file(TIMER_FILE).exists)
        if wanted.schedule == "cron"
        else (TIMER, by_timer, by_cron)
    )
    told = host.run("systemctl is-active %s; systemctl is-enabled %s", unit, unit).stdout
    check(f"{unit} is active and enabled", told.split() == ["active", "enabled"], told.strip())
    file = CRON_FILE if unit == CRON else SERVICE_FILE
    check("it runs what is due", is_run, f"{file}: {'runs' if is_run else 'does not run'} `work`")
    seen = "both cron and the timer are there" if other else f"only {unit}"
    check("nothing else does", not other, seen)


def test_nothing_is_left_where_no_backup_is_declared(
    host: Any, settings: BackupSettings, check: Checks
) -> None:
    """Nothing looks for backups that nobody declares."""
    if settings.repositories:
        pytest.skip("repositories are declared")
    left = [path for path in (CRON_FILE, TIMER_FILE) if host.file(path).exists]
    check("nothing looks for backups", not left, ", ".join(left) or "neither cron nor a timer")


def _runs_work(host: Any, path: str) -> bool:
    """Say whether a line of a file, that is no comment, ends with the command.

    cron(8) takes no file that is another's than root's, or that others can write to.
    """
    file = host.file(path)
    if not file.exists or file.user != "root" or file.mode & _WRITTEN_BY_OTHERS:
        return False
    lines = file.content_string.splitlines()
    return any(line.endswith(WORK) and not line.lstrip().startswith("#") for line in lines)
