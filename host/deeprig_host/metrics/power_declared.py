"""The power limit that is declared for each GPU, by whichever role sets it at boot."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from deeprig_host.cooling.config import read_configuration
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.ini import BadConfiguration
from deeprig_host.metrics import names
from deeprig_host.metrics.cooling import CONFIGURATION
from deeprig_host.metrics.part import PartFailed
from deeprig_host.metrics.samples import Samples

#: Of the role nvidia_driver: sets the limits once at boot, where no cooling daemon keeps them.
UNIT = "/etc/systemd/system/deeprig-nvidia-power.service"
_LIMIT = re.compile(r"^ExecStart=/usr/bin/nvidia-smi (?:-i (\S+) )?-pl (\d+)$", re.MULTILINE)
#: Watts that are declared for a card by its index, UUID and PCI address; None for none.
Declared = Callable[[str, str, str], float | None]


def read(machine: Machine, samples: Samples) -> None:
    """Add what is declared for each GPU that told who it is: those are in the samples already.

    Nothing where a budget shares the machine's power out: a card may then have less than its own.
    Raise PartFailed, OSError.
    """
    cards = [sample.labels for sample in samples if sample.metric == names.GPU_INFO]
    declared = _by_the_daemon(machine) or _by_the_unit(machine) if cards else None
    if declared is None:
        return
    for gpu, uuid, _name, address, _firmware in cards:
        watts = declared(gpu, uuid, address)
        samples.add(names.POWER_LIMIT_DECLARED, watts, gpu, uuid)


def _by_the_daemon(machine: Machine) -> Declared | None:
    """Return what cooling.conf declares, None where it says nothing of power."""
    path = machine.path(CONFIGURATION)
    if not path.exists():
        return None
    try:
        configuration = read_configuration(path)
    except BadConfiguration as bad:
        raise PartFailed(f"{bad.problems[0].place}: {bad.problems[0].reason}") from bad
    if not configuration.sets_power:
        return None
    if configuration.budget_watts is not None:
        return lambda _gpu, _uuid, _address: None

    def watts(gpu: str, uuid: str, address: str) -> float | None:
        return configuration.settings_of(uuid, address, int(gpu)).power_limit_watts

    return watts


def _by_the_unit(machine: Machine) -> Declared | None:
    """Return what the driver's unit sets, None where there is none."""
    limits = _limits(machine.text(UNIT) or "")
    if not limits:
        return None
    return lambda _gpu, _uuid, address: limits.get(_short(address), limits.get(""))


def _limits(unit: str) -> Mapping[str, float]:
    """Return the watts by PCI address; the address "" stands for every GPU."""
    found = {_short(address): float(watts) for address, watts in _LIMIT.findall(unit)}
    return MappingProxyType(found)


def _short(address: str) -> str:
    """Return a PCI address as Linux writes it: NVIDIA's tools write the domain with 8 digits."""
    domain, colon, rest = address.lower().partition(":")
    return f"{domain[-4:]}{colon}{rest}"
