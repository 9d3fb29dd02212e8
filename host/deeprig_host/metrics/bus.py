"""NVIDIA GPUs on the PCI bus, as the kernel sees them, with a driver or without."""

from __future__ import annotations

from deeprig_host.machine.commands import Machine
from deeprig_host.metrics import names
from deeprig_host.metrics.samples import Samples

_DEVICES = "/sys/bus/pci/devices"
_NVIDIA = "0x10de"
#: PCI classes: VGA controller, 3D controller.
_GPU_CLASSES = ("0x0300", "0x0302")


def read(machine: Machine, samples: Samples) -> None:
    """Add how many there are; a machine without a PCI bus tells nothing."""
    devices = machine.path(_DEVICES)
    if not devices.is_dir():
        return
    names_there = sorted(device.name for device in devices.iterdir())
    samples.add(names.GPUS_ON_BUS, sum(_is_gpu(machine, name) for name in names_there))


def _is_gpu(machine: Machine, name: str) -> bool:
    if machine.text(f"{_DEVICES}/{name}/vendor") != _NVIDIA:
        return False
    return (machine.text(f"{_DEVICES}/{name}/class") or "").startswith(_GPU_CLASSES)
