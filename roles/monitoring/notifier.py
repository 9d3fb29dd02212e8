"""What tells people, on the host itself: the notifier, which keeps the log of Xid errors too.

It runs also where nobody is told: the metrics of Xid errors come from its log.
"""

from __future__ import annotations

from deeprig.role import RoleContext
from deeprig.tasks import changed, place_template
from deeprig.tasks.checked_files import STAGED, CheckedFile, checked_files, rendered
from deeprig.tasks.host_environment import ENVIRONMENT_PYTHON
from roles.monitoring.exporter import UNIT_DIRECTORY, run_as_placed
from roles.monitoring.settings import MonitoringSettings

DIRECTORY, FILE = "/etc/deeprig", "alerts.conf"
CONFIGURATION = f"{DIRECTORY}/{FILE}"
#: The proxy that it goes through, which may want a password.
ENVIRONMENT = f"{DIRECTORY}/alerts.environment"
SERVICE, TIMER = "deeprig-alerts.service", "deeprig-alerts.timer"


def place_notifier(context: RoleContext[MonitoringSettings]) -> None:
    """Have the notifier look every minute, with the declared ways to tell.

    Nothing is restarted: each look is a process of its own.
    """
    text = rendered(context, CONFIGURATION)
    checked_files(
        name="Configure whom the machine tells",
        directory=DIRECTORY,
        wanted=(CheckedFile(FILE, text, mode="600"),),
        check=(ENVIRONMENT_PYTHON, "-I", "-m", "deeprig_host.alerts", "check", f"{STAGED}/{FILE}"),
    )
    place_template(context, ENVIRONMENT, name="Set the notifier's proxy", mode="600")
    units = [
        place_template(context, f"{UNIT_DIRECTORY}/{unit}", name="Place a unit of the notifier")
        for unit in (TIMER, SERVICE)
    ]
    run_as_placed(TIMER, (f"{UNIT_DIRECTORY}/{TIMER}",), changed(*units), also=(SERVICE,))
