"""The hardware facts of one machine, as its collector printed them: ``deeprig.hardware/1``.

``None`` is "could not be told", and ``HardwareFacts.unknown`` says why; never 0, never "".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from deeprig.audit.board import Cpu, Firmware, Memory, Power, Sensor, System, ThermalZone
from deeprig.audit.devices import Disk, Gpu, Nic, PciFunction

SCHEMA = "deeprig.hardware/1"


@dataclass(frozen=True, slots=True)
class Unknown:
    """What could not be told, as a path in the document, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class HardwareFacts:
    """One machine at one moment. ``simulated``: what stands in for hardware on a test host."""

    schema: Literal["deeprig.hardware/1"]
    collected: str
    simulated: str | None
    system: System
    firmware: Firmware
    cpu: Cpu
    memory: Memory
    pci: tuple[PciFunction, ...]
    gpus: tuple[Gpu, ...]
    nvswitch_count: int
    disks: tuple[Disk, ...]
    nics: tuple[Nic, ...]
    power: Power
    thermal: tuple[ThermalZone, ...]
    sensors: tuple[Sensor, ...]
    unknown: tuple[Unknown, ...]
