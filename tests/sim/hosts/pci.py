"""PCI fixtures: one real device id of every generation, and machines made of them."""

from __future__ import annotations

from dataclasses import dataclass

DISPLAY, COMPUTE, BRIDGE = "030000", "030200", "068000"


@dataclass(frozen=True, slots=True)
class Device:
    """A PCI device of vendor 10de as sysfs shows it."""

    device_id: str
    class_code: str = DISPLAY


#: From the PCI ID database and NVIDIA's list of supported products.
GTX_970 = Device("13c2")  # Maxwell
GTX_1080_TI = Device("1b06")  # Pascal
V100 = Device("1db6", COMPUTE)  # Volta
RTX_2080_TI = Device("1e07")  # Turing
RTX_3090 = Device("2204")  # Ampere
A100 = Device("20b5", COMPUTE)  # Ampere
RTX_4090 = Device("2684")  # Ada Lovelace
H100 = Device("2330", COMPUTE)  # Hopper
RTX_5090 = Device("2b85")  # Blackwell
B200 = Device("2901", COMPUTE)  # Blackwell
NVSWITCH = Device("22a3", BRIDGE)

HGX_H100 = (*(H100,) * 8, *(NVSWITCH,) * 4)


def addresses(devices: tuple[Device, ...]) -> tuple[tuple[str, Device], ...]:
    """Return each device with the PCI address it has in a simulated machine."""
    return tuple((f"0000:{bus:02x}:00.0", device) for bus, device in enumerate(devices, start=1))
