"""Hosts described by hand, as the hardware collector would print them. None was recorded.

Numbers are those of data sheets and of what Linux shows for such machines; a test changes one and
sees a rule follow. Each function returns a fresh document.
"""

from __future__ import annotations

import json
from typing import Any

from deeprig.audit.declaration import HardwareDeclaration
from deeprig.audit.facts import HardwareFacts
from deeprig.audit.grade import Audit, grade
from deeprig.audit.machine import Machine
from deeprig.audit.read import read_facts
from roles.nvidia_driver.gpus import chips_of

Document = dict[str, Any]
GIB = 1024**3
MIB = 1024**2
#: PCI generations in GT/s.
GEN3, GEN4, GEN5 = 8.0, 16.0, 32.0


def capability_of(device_id: str) -> tuple[int, int] | None:
    """Return what the driver role's table says, None where it has no row."""
    chips = chips_of(device_id)
    return chips.compute_capability if chips.is_known else None


def facts_of(document: Document) -> HardwareFacts:
    return read_facts(json.dumps(document), "described")


def machine_of(document: Document, **declared: Any) -> Machine:
    return Machine(facts_of(document), HardwareDeclaration(**declared), capability_of)


def audit_of(document: Document, **declared: Any) -> Audit:
    return grade(facts_of(document), HardwareDeclaration(**declared), capability_of)


def gpu(
    number: int, device: str, name: str | None, memory_mib: int | None, **more: Any
) -> Document:
    document = {
        "address": f"0000:{number:02x}:00.0",
        "vendor": "10de",
        "device": device,
        "name": name,
        "memory_bytes": None if memory_mib is None else memory_mib * MIB,
        "compute_capability": None,
        "power_limit_watts": None,
        "power_max_watts": None,
        "temperature_celsius": 38.0,
        "slowdown_celsius": 95.0,
        "is_slowed_by_heat": False,
        "fan_count": 2,
        "uuid": f"GPU-{number:08x}",
        "driver": "nvidia",
        "source": "nvml",
        "nvlink_count": 0,
    }
    return {**document, **more}


def before_driver(card: Document) -> Document:
    """Return a GPU as it looks before a driver: what the bus tells, and nothing else."""
    told = {key: card[key] for key in ("address", "vendor", "device")}
    return {**dict.fromkeys(card), **told, "source": "pci"}


def disk(name: str, gigabytes: int, transport: str | None, **more: Any) -> Document:
    document = {
        "name": name,
        "size_bytes": gigabytes * 10**9,
        "model": None,
        "transport": transport,
        "is_rotational": False,
        "holds_root": False,
    }
    return {**document, **more}


def nic(name: str, speed_mbits: int | None, **more: Any) -> Document:
    document = {
        "name": name,
        "driver": "r8169",
        "mac": "02:00:00:00:00:01",
        "is_wireless": False,
        "has_carrier": True,
        "speed_mbits": speed_mbits,
        "pci": "0000:05:00.0",
    }
    return {**document, **more}


def put_in(
    document: Document, *cards: Document, lanes: int = 16, speed_gts: float = GEN4
) -> Document:
    """Add GPUs with the port above each, all links at their full width and speed."""
    for number, card in enumerate(cards):
        port = f"0000:00:{number + 1:02x}.0"
        link = {"width": lanes, "max_width": lanes, "speed_gts": speed_gts}
        link["max_speed_gts"] = speed_gts
        document["pci"].append(_function(port, "8086", "a70d", "060400", [], link))
        document["pci"].append(
            _function(card["address"], "10de", card["device"], "030000", [port], link)
        )
        document["gpus"].append(card)
    return document


def _function(
    address: str, vendor: str, device: str, class_: str, parents: list[str], link: Document | None
) -> Document:
    return {
        "address": address,
        "vendor": vendor,
        "device": device,
        "class": class_,
        "subsystem": None,
        "driver": None,
        "numa_node": None,
        "slot": None,
        "parents": parents,
        "link": None if link is None else dict(link),
    }


def workstation(*, ram_gib: float = 62.6, cores: int = 16) -> Document:
    """A desktop with nothing wrong and no GPU."""
    return {
        "schema": "deeprig.hardware/1",
        "collected": "2026-11-21T14:40:00Z",
        "simulated": None,
        "system": {
            "vendor": "ASUS",
            "product": "ProArt",
            "chassis": "desktop",
            "virtualization": "none",
            "is_container": False,
        },
        "firmware": {
            "vendor": "American Megatrends Inc.",
            "version": "2802",
            "date": "09/20/2024",
            "boot": "uefi",
            "secure_boot": False,
            "above_4g": None,
            "resizable_bar": None,
            "iommu": True,
        },
        "cpu": {
            "model": "AMD Ryzen 9 7950X 16-Core Processor",
            "sockets": 1,
            "cores": cores,
            "threads": cores * 2,
            "numa_nodes": 1,
            "max_mhz": 5881.0,
            "flags": ["avx", "avx2", "avx512f", "fma"],
        },
        "memory": {"total_bytes": int(ram_gib * GIB), "slots": None, "has_ecc": False},
        "pci": [_function("0000:00:00.0", "1022", "14d8", "060000", [], None)],
        "gpus": [],
        "nvswitch_count": 0,
        "disks": [
            disk("nvme0n1", 2000, "nvme", holds_root=True),
            disk("sda", 4000, "sata", is_rotational=True),
        ],
        "nics": [nic("eno1", 2500)],
        "power": {"supplies": []},
        "thermal": [{"zone": "thermal_zone0", "type": "x86_pkg_temp", "celsius": 41.0}],
        "sensors": [{"chip": "k10temp", "label": "Tctl", "kind": "temperature", "value": 44.1}],
        "unknown": [{"what": "memory.slots", "why": "no SMBIOS tables"}],
    }


def rtx_4090_workstation() -> Document:
    document = workstation()
    document["firmware"] |= {"above_4g": True, "resizable_bar": True}
    return put_in(document, rtx_4090(1))


def rtx_4090(number: int) -> Document:
    watts = {"power_limit_watts": 450.0, "power_max_watts": 600.0}
    name = "NVIDIA GeForce RTX 4090"
    return gpu(number, "2684", name, 24564, compute_capability="8.9", **watts)


def four_cards() -> Document:
    """Four RTX 3090 in one case, each in a slot of eight lanes."""
    document = workstation(ram_gib=125.6, cores=24)
    document["system"] |= {"vendor": "Gigabyte", "product": "TRX40 AORUS XTREME"}
    model = "AMD Ryzen Threadripper 3960X 24-Core Processor"
    document["cpu"] |= {"model": model, "max_mhz": 4568.0}
    document["firmware"] |= {"above_4g": True}
    watts = {"power_limit_watts": 350.0, "power_max_watts": 350.0}
    name = "NVIDIA GeForce RTX 3090"
    cards = [
        gpu(number, "2204", name, 24576, compute_capability="8.6", **watts)
        for number in (1, 2, 3, 4)
    ]
    return put_in(document, *cards, lanes=8)


def eight_h100() -> Document:
    """A server of eight SXM modules with four NVSwitches, and no hard disk."""
    document = workstation(ram_gib=2015.0, cores=112)
    document["cpu"] |= {"model": "INTEL(R) XEON(R) PLATINUM 8480C", "sockets": 2, "max_mhz": 3800.0}
    document["system"] |= {"vendor": "Supermicro", "product": "SYS-821GE", "chassis": "server"}
    document["firmware"] |= {"above_4g": True, "resizable_bar": True}
    document["nvswitch_count"] = 4
    document["disks"] = [disk("nvme0n1", 960, "nvme", holds_root=True)]
    document["disks"] += [disk(f"nvme{n}n1", 3840, "nvme") for n in (1, 2, 3, 4)]
    document["nics"] = [nic("ens1f0", 100_000)]
    watts = {"power_limit_watts": 700.0, "power_max_watts": 700.0}
    more = {**watts, "compute_capability": "9.0", "nvlink_count": 18, "fan_count": 0}
    name = "NVIDIA H100 80GB HBM3"
    cards = [gpu(number, "2330", name, 81559, **more) for number in range(0x10, 0x18)]
    return put_in(document, *cards, speed_gts=GEN5)


def gtx_1080_ti() -> Document:
    """A machine of 2017: sixteen GB, four cores, one Pascal."""
    document = workstation(ram_gib=15.6, cores=4)
    document["cpu"] |= {"model": "Intel(R) Core(TM) i7-7700K CPU @ 4.20GHz", "max_mhz": 4500.0}
    document["disks"] = [disk("sda", 500, "sata", holds_root=True)]
    document["nics"] = [nic("enp0s31f6", 1000)]
    watts = {"power_limit_watts": 250.0, "power_max_watts": 300.0}
    name = "NVIDIA GeForce GTX 1080 Ti"
    card = gpu(1, "1b06", name, 11264, compute_capability="6.1", **watts)
    return put_in(document, card, speed_gts=GEN3)


def laptop() -> Document:
    """A laptop on its wireless, with the GPU's power limit not told, as laptops do not."""
    document = workstation(ram_gib=31.0, cores=14)
    document["cpu"] |= {"model": "13th Gen Intel(R) Core(TM) i7-13700HX", "max_mhz": 5000.0}
    document["system"] |= {"vendor": "LENOVO", "product": "82WM", "chassis": "laptop"}
    document["disks"] = [disk("nvme0n1", 1024, "nvme", holds_root=True)]
    document["nics"] = [nic("wlp0s20f3", None, is_wireless=True, driver="iwlwifi")]
    document["nics"].append(nic("enp4s0", None, has_carrier=False))
    document["power"]["supplies"] = [
        {"name": "AC", "type": "Mains", "watts": None},
        {"name": "BAT0", "type": "Battery", "watts": 12.5},
    ]
    document["unknown"].append(
        {"what": "gpus.0000:01:00.0.power_limit_watts", "why": "NVML: Not Supported"}
    )
    name = "NVIDIA GeForce RTX 4070 Laptop GPU"
    card = gpu(1, "2860", name, 8188, compute_capability="8.9", fan_count=0)
    return put_in(document, card, lanes=8)


def virtual_machine() -> Document:
    """A KVM guest without a GPU: one virtio disk, one virtio card that tells no speed."""
    document = workstation(ram_gib=31.3, cores=8)
    document["system"] |= {"vendor": "QEMU", "product": "Standard PC (Q35 + ICH9, 2009)"}
    document["system"] |= {"chassis": None, "virtualization": "kvm"}
    document["cpu"] |= {"model": "AMD EPYC", "max_mhz": None}
    document["disks"] = [disk("vda", 100, "virtio", is_rotational=None, holds_root=True)]
    document["nics"] = [nic("ens3", None, driver="virtio_net")]
    document["unknown"] += [
        {"what": "system.chassis", "why": "a virtual machine has none"},
        {"what": "cpu.max_mhz", "why": "no cpufreq driver"},
        {"what": "disks.vda.is_rotational", "why": "a virtual disk says 1"},
        {"what": "nics.ens3.speed_mbits", "why": "the kernel says -1"},
    ]
    return document


def passed_through() -> Document:
    """The same guest with an RTX 4090 of its host, at a width that the hypervisor made up."""
    document = virtual_machine()
    document["unknown"].append(
        {"what": "firmware.above_4g", "why": "the windows are the hypervisor's choice"}
    )
    return put_in(document, rtx_4090(6), lanes=1)
