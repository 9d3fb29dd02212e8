"""What looks for what is due: cron or systemd, one of them; the other is removed."""

from __future__ import annotations

from collections.abc import Callable

from pyinfra.api.host import Host
from pyinfra.context import ctx_host
from pyinfra.facts.files import File
from pyinfra.operations import files, server, systemd

from deeprig.role import RoleContext
from deeprig.tasks import changed, place_template
from deeprig.tasks.left_undone import StaleUnits, runs_since_before
from roles.backup.places import CRON_FILE, SERVICE, SERVICE_FILE, TIMER, TIMER_FILE
from roles.backup.settings import BackupSettings

CRON = "cron.service"
_UNITS = (SERVICE, TIMER)


def schedule(context: RoleContext[BackupSettings]) -> None:
    """Have what is due done by what was declared, and by nothing else."""
    if context.settings.schedule == "cron":
        systemd.service(name="Have cron run", service=CRON, running=True, enabled=True)
        # Before the timer goes: a run that is cut in between leaves two, and never none.
        place_template(context, CRON_FILE, name="Have cron look for what is due")
        remove_timer()
    else:
        _have_timer(context)
        remove_cron()


def remove_cron() -> None:
    """Have cron look no more; cron itself stays."""
    files.file(name="Have cron look no more", path=CRON_FILE, present=False)


def remove_timer() -> None:
    """Have systemd look no more. A backup under way goes on to its end."""
    server.shell(
        name="Stop the timer of backups",
        commands=[f"systemctl disable --now {TIMER}"],
        _if=_is_there(TIMER_FILE),
    )
    removed = [
        files.file(name="Have systemd look no more", path=path, present=False)
        for path in (TIMER_FILE, SERVICE_FILE)
    ]
    _let_systemd_read(changed(*removed))


def _have_timer(context: RoleContext[BackupSettings]) -> None:
    service = place_template(context, SERVICE_FILE, name="Place the unit of backups")
    timer = place_template(context, TIMER_FILE, name="Place the timer of backups")
    _let_systemd_read(changed(service, timer))
    moved = changed(timer)
    server.shell(
        name="Restart the timer of backups",
        commands=[f"systemctl try-restart {TIMER}"],
        _if=lambda: moved() or runs_since_before(TIMER, TIMER_FILE),
    )
    systemd.service(
        name="Have systemd look for what is due", service=TIMER, running=True, enabled=True
    )


def _let_systemd_read(moved: Callable[[], bool]) -> None:
    host: Host = ctx_host.get()
    server.shell(
        name="Let systemd read the units of backups",
        commands=["systemctl daemon-reload"],
        _if=lambda: moved() or bool(host.get_fact(StaleUnits, units=_UNITS)),
    )


def _is_there(path: str) -> Callable[[], bool]:
    host: Host = ctx_host.get()
    return lambda: bool(host.get_fact(File, path=path))
