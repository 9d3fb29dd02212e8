"""Tasks of the cooling role."""

from __future__ import annotations

from pyinfra.api.deploy import deploy

from deeprig.role import RoleContext
from roles.cooling.chassis import drive_chassis_fans, leave_chassis_fans
from roles.cooling.daemon import remove_daemon, run_daemon
from roles.cooling.rivals import refuse_rivals, refuse_two_owners_of_power
from roles.cooling.settings import CoolingSettings


@deploy("cooling")
def deploy_cooling(context: RoleContext[CoolingSettings]) -> None:
    """Have the daemon cool the GPUs as declared, or give everything back to the cards.

    Raise DeclarationRefused before anything is done, where somebody else sets fans or limits.
    """
    settings = context.settings
    if not settings.enabled:
        remove_daemon(context)
        leave_chassis_fans()
        return
    refuse_two_owners_of_power(context)
    if settings.sets_fans:
        refuse_rivals()
    run_daemon(context)
    if settings.chassis_fans is not None:
        drive_chassis_fans(context)
    else:
        leave_chassis_fans()
