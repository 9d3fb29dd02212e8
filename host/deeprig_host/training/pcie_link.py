"""The PCIe link of a GPU as the kernel shows it, and what it can carry."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

#: Of a lane and direction, in GB/s, by GT/s: 8b/10b to 5, 128b/130b to 32, then PAM4 with FLITs,
#: 242 of 256 bytes (PCI Express Base Specification 6.0).
_LANE_GIGABYTES = {2.5: 0.25, 5.0: 0.5, 8.0: 0.985, 16.0: 1.969, 32.0: 3.938, 64.0: 7.563}


@dataclass(frozen=True, slots=True)
class Link:
    """Speed of a lane in GT/s and the number of lanes."""

    speed: float
    lanes: int

    @property
    def gigabytes_per_second(self) -> float:
        """Return what the link carries in one direction, packet headers included."""
        return _LANE_GIGABYTES[self.speed] * self.lanes

    def describe(self) -> str:
        """Return it as lspci does."""
        return f"{self.speed:g} GT/s, x{self.lanes}, {self.gigabytes_per_second:.1f} GB/s"


def read_link(bus_id: str, system: Path = Path("/sys")) -> Link | None:
    """Return the link as it is now, or None where the kernel does not know it.

    A link slows down when it idles: read under load. A virtual machine may show none, ``Unknown``,
    a speed that is none or no lanes (sysfs-bus-pci; drivers/pci/pci-sysfs.c).
    """
    device = system / "bus/pci/devices" / _kernel_name(bus_id)
    try:
        speed = (device / "current_link_speed").read_text(encoding="ascii").split()[0]
        lanes = int((device / "current_link_width").read_text(encoding="ascii"))
        link = Link(float(speed), lanes)
    except (OSError, ValueError, IndexError):
        return None
    return link if link.lanes > 0 and link.speed in _LANE_GIGABYTES else None


def _kernel_name(bus_id: str) -> str:
    """NVIDIA writes the domain with 8 digits, the kernel with 4 (more only where it needs them)."""
    domain, rest = bus_id.lower().split(":", 1)
    return f"{int(domain, 16):04x}:{rest}"
