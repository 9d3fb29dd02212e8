"""The NVIDIA driver: decided from facts, changed as a transaction, proven or put back."""

from __future__ import annotations

from deeprig.facts import HostFacts
from deeprig.role import Role
from roles.nvidia_driver.settings import NvidiaDriverSettings
from roles.nvidia_driver.settling import reboot_reason, settle
from roles.nvidia_driver.tasks import ask_first, deploy_nvidia_driver, simulated_driver


def _has_gpu(facts: HostFacts, settings: NvidiaDriverSettings) -> bool:
    return bool(facts.nvidia_devices)


ROLE = Role(
    name="nvidia_driver",
    settings=NvidiaDriverSettings,
    deploy=deploy_nvidia_driver,
    after=("base",),
    applies=_has_gpu,
    asks_first=ask_first,
    reboot_reason=reboot_reason,
    simulated=simulated_driver,
    settle=settle,
)
