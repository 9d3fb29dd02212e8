"""Fan curves, power limits and a power budget, kept by a daemon that cannot leave a fan stuck."""

from deeprig.facts import HostFacts
from deeprig.role import Role
from roles.cooling.settings import CoolingSettings
from roles.cooling.tasks import deploy_cooling


def _has_gpu(facts: HostFacts, settings: CoolingSettings) -> bool:
    # Who declares a card by name has one, also where the PCI bus does not show it.
    return bool(facts.nvidia_devices or settings.gpus)


ROLE = Role(
    name="cooling",
    settings=CoolingSettings,
    deploy=deploy_cooling,
    # The driver has the fans and the limits.
    after=("base", "nvidia_driver"),
    applies=_has_gpu,
)
