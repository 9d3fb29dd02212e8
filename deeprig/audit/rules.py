"""All rules in the order in which they are told, and the uses that each one decides on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deeprig.audit.cooling_rules import (
    cooling_adjacent,
    cooling_declared,
    cooling_passive,
    cooling_temperature,
)
from deeprig.audit.cpu_rules import cpu_clock, cpu_cores_per_gpu
from deeprig.audit.declaration import Use
from deeprig.audit.finding import Finding
from deeprig.audit.gpu_rules import gpu_count, gpu_memory, gpu_present, gpu_tensor_cores
from deeprig.audit.link_rules import firmware_above_4g, network_wired
from deeprig.audit.machine import Machine
from deeprig.audit.memory_rules import ram_matches_gpu, ram_size
from deeprig.audit.pcie_rules import pcie_generation, pcie_lanes, pcie_seated
from deeprig.audit.power_rules import power_several_gpus, power_supply
from deeprig.audit.storage_rules import storage_archive, storage_nvme, storage_ssd


@dataclass(frozen=True, slots=True)
class AuditRule:
    """A rule, and the uses whose verdict it takes part in.

    ``is_essential``: without it there is no training, or no safe one, so where it is unknown no
    verdict is given; another's unknown is a warning. Of the others only heat that slows a GPU down
    fails: it is seen, not foreseen.
    """

    check: Callable[[Machine, Use], Finding]
    decides: tuple[Use, ...]
    is_essential: bool = False


def _always(check: Callable[[Machine], Finding]) -> Callable[[Machine, Use], Finding]:
    """Return a rule that is the same for every use."""
    return lambda machine, use: check(machine)


ALL_USES: tuple[Use, ...] = ("experiment", "kaggle", "research", "multi-gpu")
#: Whole data sets are read, again and again, and somebody waits for the result.
_SERIOUS: tuple[Use, ...] = ("kaggle", "research", "multi-gpu")
#: Trainings of days: heat and the size of data count.
_LONG: tuple[Use, ...] = ("research", "multi-gpu")
_SEVERAL: tuple[Use, ...] = ("multi-gpu",)

RULES: tuple[AuditRule, ...] = (
    AuditRule(_always(gpu_present), ALL_USES, is_essential=True),
    AuditRule(gpu_count, _SEVERAL, is_essential=True),
    AuditRule(gpu_memory, ALL_USES, is_essential=True),
    # For experiments the guide calls cards without them a fair choice.
    AuditRule(_always(gpu_tensor_cores), _SERIOUS),
    AuditRule(_always(ram_size), ALL_USES, is_essential=True),
    AuditRule(_always(ram_matches_gpu), ALL_USES, is_essential=True),
    AuditRule(_always(cpu_cores_per_gpu), _SERIOUS),
    AuditRule(_always(cpu_clock), _SERIOUS),
    AuditRule(_always(pcie_lanes), _SEVERAL),
    AuditRule(_always(pcie_seated), _SERIOUS),
    AuditRule(_always(pcie_generation), ()),
    AuditRule(_always(firmware_above_4g), _SEVERAL),
    AuditRule(_always(power_supply), ALL_USES, is_essential=True),
    AuditRule(_always(power_several_gpus), _SEVERAL),
    AuditRule(_always(cooling_adjacent), _LONG),
    AuditRule(_always(cooling_passive), ALL_USES),
    AuditRule(_always(cooling_declared), ALL_USES),
    AuditRule(_always(cooling_temperature), ALL_USES),
    AuditRule(_always(storage_ssd), ALL_USES),
    AuditRule(_always(storage_nvme), _LONG),
    AuditRule(_always(storage_archive), _LONG),
    AuditRule(_always(network_wired), _LONG),
)
