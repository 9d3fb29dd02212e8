"""Keep NVIDIA's repository from moving a driver that the distribution's archive brought.

The keyring package ranks all of NVIDIA's packages (priority 600) above the archive's, so that one
upgrade could mix drivers of both (apt_preferences(5)). Where role nvidia_driver manages the host,
its own file says where the driver comes from, and this one goes away.
"""

from __future__ import annotations

from io import StringIO
from typing import Any

from pyinfra.api.host import Host
from pyinfra.api.operation import OperationMeta
from pyinfra.context import ctx_host
from pyinfra.operations import files

from deeprig.role import RoleContext
from deeprig.tasks.nvidia_repository import LABEL
from roles.cuda.facts import DriverOrigin
from roles.nvidia_driver.files import DRIVER_GLOBS

PIN_FILE = "/etc/apt/preferences.d/00-deeprig-nvidia-driver-source"
_NAME = "Rank the archive's driver above NVIDIA's"
#: Below the archive's 500, and above the 100 of a version that is installed.
_PRIORITY = 400


def pin_text() -> str:
    """Return the preferences (apt_preferences(5)); the names are role nvidia_driver's."""
    return (
        "# Managed by deeprig (role cuda): the driver is the archive's, CUDA is NVIDIA's.\n"
        f"Package: {' '.join(DRIVER_GLOBS)}\n"
        f"Pin: release l={LABEL}\n"
        f"Pin-Priority: {_PRIORITY}\n"
    )


def keep_driver_of_archive(context: RoleContext[Any]) -> OperationMeta:
    """Have the pin where an unmanaged host's driver is the archive's, and nowhere else."""
    host: Host = ctx_host.get()
    is_managed = "nvidia_driver" in context.roles
    if is_managed or host.get_fact(DriverOrigin) != "archive":
        return files.file(name=_NAME, path=PIN_FILE, present=False)
    return files.put(
        name=_NAME, src=StringIO(pin_text()), dest=PIN_FILE, user="root", group="root", mode="644"
    )
