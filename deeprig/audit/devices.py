"""What is plugged into a machine: PCI functions, GPUs, disks, network cards. None: unknown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_CAPABILITY = re.compile(r"[0-9]+\.[0-9]+\Z")


@dataclass(frozen=True, slots=True)
class PciLink:
    """A PCI Express link as one end of it sees it; the speed falls when nothing happens."""

    width: int | None
    max_width: int | None
    speed_gts: float | None
    max_speed_gts: float | None


@dataclass(frozen=True, slots=True)
class PciFunction:
    """A PCI function; ``parents`` are the bridges above it, nearest first."""

    address: str
    vendor: str
    device: str
    class_: str  # "class" in the document, which Python reserves
    subsystem: str | None
    driver: str | None
    numa_node: int | None
    slot: str | None
    parents: tuple[str, ...]
    link: PciLink | None


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU as the driver tells it (``nvml``), or only as the bus does (``pci``)."""

    address: str
    vendor: str
    device: str
    name: str | None
    memory_bytes: int | None
    compute_capability: str | None
    power_limit_watts: float | None
    power_max_watts: float | None
    temperature_celsius: float | None
    slowdown_celsius: float | None
    is_slowed_by_heat: bool | None
    fan_count: int | None
    uuid: str | None
    driver: str | None
    source: Literal["nvml", "pci"]
    nvlink_count: int | None

    def __post_init__(self) -> None:
        """Refuse a compute capability that is none. Raise ValueError."""
        if self.compute_capability is not None and not _CAPABILITY.match(self.compute_capability):
            raise ValueError(f"compute capability {self.compute_capability!r} is not like '8.9'")


@dataclass(frozen=True, slots=True)
class Disk:
    """A whole disk. ``is_rotational`` None: a virtual disk, all of which say 1."""

    name: str
    size_bytes: int | None
    model: str | None
    transport: str | None
    is_rotational: bool | None
    holds_root: bool


@dataclass(frozen=True, slots=True)
class Nic:
    """A network card. ``has_carrier`` None: the kernel does not tell while it is down."""

    name: str
    driver: str | None
    mac: str | None
    is_wireless: bool
    has_carrier: bool | None
    speed_mbits: int | None
    pci: str | None
