"""Tasks of the nvidia_driver role, in order: sources, the change as one transaction, services."""

from __future__ import annotations

from pyinfra.api.deploy import deploy
from pyinfra.operations import files, systemd

from deeprig.role import RoleContext
from deeprig.tasks import changed, install_packages, place_host_programs, place_template
from roles.nvidia_driver import operations
from roles.nvidia_driver.settings import NvidiaDriverSettings

DriverContext = RoleContext[NvidiaDriverSettings]
_POWER_UNIT = "deeprig-nvidia-power.service"


@deploy("nvidia_driver")
def deploy_nvidia_driver(context: DriverContext) -> None:
    """Bring the driver to the declared state, or leave it wholly as it is."""
    install_packages(("python3", "kmod"))
    place_host_programs(context)
    configure_sources(context)
    operations.repair(name="Repair an interrupted driver change")
    operations.driver(name="Change the driver", context=context)
    operations.load(name="Load the driver")
