"""What a machine is built on: firmware, processors, memory, supplies, sensors. None: unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class System:
    """What the machine calls itself. ``virtualization``: systemd-detect-virt's word, or "none"."""

    vendor: str | None
    product: str | None
    chassis: str | None
    virtualization: str | None
    is_container: bool


@dataclass(frozen=True, slots=True)
class Firmware:
    """How the machine starts, and what its firmware gives to the GPUs' memory windows."""

    vendor: str | None
    version: str | None
    date: str | None
    boot: Literal["uefi", "bios"] | None
    secure_boot: bool | None
    above_4g: bool | None
    resizable_bar: bool | None
    iommu: bool | None


@dataclass(frozen=True, slots=True)
class Cpu:
    """All processors together: ``cores`` and ``threads`` are of the whole machine."""

    model: str | None
    sockets: int | None
    cores: int | None
    threads: int | None
    numa_nodes: int | None
    max_mhz: float | None
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MemorySlot:
    """A socket for a memory module; 0 bytes: empty."""

    locator: str
    size_bytes: int
    type: str | None
    speed_mts: int | None


@dataclass(frozen=True, slots=True)
class Memory:
    """Main memory: the kernel's MemTotal, which is a few per cent less than the modules hold."""

    total_bytes: int | None
    slots: tuple[MemorySlot, ...] | None
    has_ecc: bool | None


@dataclass(frozen=True, slots=True)
class PowerSupply:
    """A supply of /sys/class/power_supply: a laptop's adapter or battery, seldom a PSU."""

    name: str
    type: str
    watts: float | None


@dataclass(frozen=True, slots=True)
class Power:
    """All supplies that the kernel knows."""

    supplies: tuple[PowerSupply, ...]


@dataclass(frozen=True, slots=True)
class ThermalZone:
    """A zone of /sys/class/thermal."""

    zone: str
    type: str
    celsius: float | None


@dataclass(frozen=True, slots=True)
class Sensor:
    """A value of /sys/class/hwmon."""

    chip: str
    label: str
    kind: Literal["temperature", "fan", "power"]
    value: float
