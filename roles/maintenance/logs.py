"""Limits of the journal and of log files, so that neither fills the disk."""

from __future__ import annotations

from pyinfra.operations import files, server

from deeprig.role import RoleContext
from deeprig.tasks import changed, place_template
from deeprig.tasks.left_undone import runs_since_before
from roles.maintenance.settings import MaintenanceSettings

JOURNAL_FILE = "/etc/systemd/journald.conf.d/80-deeprig.conf"
JOURNAL = "systemd-journald.service"
LOGROTATE_FILE = "/etc/logrotate.d/00-deeprig"


def limit_logs(context: RoleContext[MaintenanceSettings]) -> None:
    """Limit the journal, and give log files a default limit."""
    limited = changed(place_template(context, JOURNAL_FILE, name="Limit the journal"))
    server.shell(
        # It keeps its streams over a restart (systemd-journald(8)); nothing is lost.
        name="Let the journal take its limits",
        commands=[f"systemctl try-restart {JOURNAL}"],
        # Or a run was cut before it got here.
        _if=lambda: limited() or runs_since_before(JOURNAL, JOURNAL_FILE),
    )
    if context.settings.log_max_size:
        place_template(context, LOGROTATE_FILE, name="Limit log files")
    else:
        files.file(
            name="Leave the size of log files to the system", path=LOGROTATE_FILE, present=False
        )
