"""NVIDIA's GPUs: those on the PCI bus, with what NVML says of them once a driver is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from deeprig_host.audit import nvml
from deeprig_host.audit.pci import Device
from deeprig_host.audit.pci_names import device_name
from deeprig_host.audit.tree import Tree

#: What only NVML tells. A card's name is also in the PCI ID database where that is installed.
_FROM_NVML = (
    "memory_bytes",
    "compute_capability",
    "power_limit_watts",
    "power_max_watts",
    "temperature_celsius",
    "slowdown_celsius",
    "is_slowed_by_heat",
    "fan_count",
    "uuid",
    "nvlink_count",
)


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU. With source "pci" only the bus has told; ``nvlink_count`` counts active links.

    ``is_slowed_by_heat`` is of this moment, ``slowdown_celsius`` where that begins on this card.
    """

    address: str
    vendor: str
    device: str
    name: str | None = None
    memory_bytes: int | None = None
    compute_capability: str | None = None
    power_limit_watts: float | None = None
    power_max_watts: float | None = None
    temperature_celsius: float | None = None
    slowdown_celsius: float | None = None
    is_slowed_by_heat: bool | None = None
    fan_count: int | None = None
    uuid: str | None = None
    driver: str | None = None
    source: str = "pci"
    nvlink_count: int | None = None


def gpus(tree: Tree, devices: Sequence[Device]) -> tuple[Gpu, ...]:
    """Return the GPUs by address. NVML is asked only where the nvidia module is loaded."""
    on_bus = {device.address: device for device in devices if device.is_gpu}
    is_loaded = tree.is_there("/proc/driver/nvidia/version")
    answer = nvml.ask(tree) if is_loaded else nvml.Answer(error="no NVIDIA driver is loaded")
    said = {gpu.address: gpu for gpu in answer.gpus}
    why = "; ".join(part for part in (answer.error, *answer.lost) if part)
    why = why or "NVML does not list this card"
    found = []
    for address in sorted(on_bus.keys() | said.keys()):
        if address in said:
            found.append(_from_nvml(tree, said[address], on_bus.get(address)))
        else:
            found.append(_from_pci(tree, on_bus[address], why))
    return tuple(found)


def _from_nvml(tree: Tree, said: nvml.Said, device: Device | None) -> Gpu:
    known = {name: said.values.get(name) for name in (*_FROM_NVML, "name")}
    for name, value in known.items():
        if value is None:
            why = said.errors.get(name, "NVML did not say")
            tree.tell(f"gpus.{said.address}.{name}", why)
    driver = device.driver if device is not None else None
    if driver is None:
        tree.tell(f"gpus.{said.address}.driver", "NVML has the card, sysfs shows none bound")
    wanted = {field.name for field in fields(Gpu)} & known.keys()
    return Gpu(
        said.address,
        said.vendor,
        said.device,
        driver=driver,
        source="nvml",
        **{name: known[name] for name in sorted(wanted)},
    )


def _from_pci(tree: Tree, device: Device, why: str) -> Gpu:
    for name in _FROM_NVML:
        tree.tell(f"gpus.{device.address}.{name}", why)
    return Gpu(
        device.address,
        device.vendor,
        device.device,
        name=device_name(tree, device.vendor, device.device, f"gpus.{device.address}.name"),
        driver=device.driver,
    )
