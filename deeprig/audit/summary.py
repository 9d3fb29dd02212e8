"""The machine in a few lines, for people: what it is, before what the rules say of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deeprig.audit.board import Memory
from deeprig.audit.devices import Disk, Gpu, Nic
from deeprig.audit.machine import Machine
from deeprig.audit.quantity import counted, disk_size, gib, name_of, number_of

_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Part:
    """One line: which part, and what is there."""

    part: str
    text: str


def summary(machine: Machine) -> tuple[Part, ...]:
    """Return what the machine is made of, a line for each part."""
    facts = machine.facts
    return (
        Part("machine", _system(machine)),
        Part("firmware", _firmware(machine)),
        Part("cpu", _cpu(machine)),
        Part("memory", _memory(facts.memory)),
        Part("gpus", _gpus(machine)),
        Part("disks", counted(map(_disk, facts.disks)) or _none(machine, "disks")),
        Part("network", counted(map(_nic, facts.nics)) or _none(machine, "nics")),
    )


def _system(machine: Machine) -> str:
    system = machine.facts.system
    if system.is_container:
        kind: str | None = f"container ({system.virtualization})"
    elif machine.is_virtual:
        kind = f"virtual machine ({system.virtualization})"
    else:
        kind = system.chassis
    name = " ".join(word for word in (system.vendor, system.product) if word)
    return _joined(name, kind) or _UNKNOWN


def _firmware(machine: Machine) -> str:
    firmware = machine.facts.firmware
    boot = firmware.boot.upper() if firmware.boot else None
    name = " ".join(word for word in (boot, firmware.version) if word)
    switches = (
        _switch("Secure Boot", firmware.secure_boot),
        _switch("Above 4G", firmware.above_4g),
        _switch("Resizable BAR", firmware.resizable_bar),
        _switch("IOMMU", firmware.iommu),
    )
    return _joined(name, firmware.date, *switches) or _UNKNOWN


def _switch(name: str, is_on: bool | None) -> str | None:
    return None if is_on is None else f"{name} {'on' if is_on else 'off'}"


def _cpu(machine: Machine) -> str:
    cpu = machine.facts.cpu
    sockets = f"{cpu.sockets} sockets" if cpu.sockets and cpu.sockets > 1 else None
    cores = None if cpu.cores is None else number_of(cpu.cores, "core")
    threads = None if cpu.threads is None else number_of(cpu.threads, "thread")
    clock = None if cpu.max_mhz is None else f"up to {cpu.max_mhz / 1000:.1f} GHz"
    return _joined(cpu.model, sockets, cores, threads, clock) or _UNKNOWN


def _memory(memory: Memory) -> str:
    total = _UNKNOWN if memory.total_bytes is None else gib(memory.total_bytes)
    slots = memory.slots or ()
    used = [slot for slot in slots if slot.size_bytes]
    modules = counted(
        " ".join(filter(None, (gib(slot.size_bytes), slot.type, _speed(slot.speed_mts))))
        for slot in used
    )
    places = f"{len(used)} of {len(slots)} slots" if slots else None
    ecc = {True: "ECC", False: "no ECC", None: None}[memory.has_ecc]
    return _joined(total, modules, places, ecc)


def _speed(speed_mts: int | None) -> str | None:
    return None if speed_mts is None else f"{speed_mts} MT/s"


def _gpus(machine: Machine) -> str:
    told = counted(_gpu(machine, gpu) for gpu in machine.gpus)
    if not told:
        return _UNKNOWN if machine.why_no_bus else "none of NVIDIA's"
    switches = machine.facts.nvswitch_count
    return _joined(told, f"{switches} NVSwitches" if switches else None)


def _gpu(machine: Machine, gpu: Gpu) -> str:
    capability = machine.capability(gpu)
    about = (
        None if gpu.memory_bytes is None else gib(gpu.memory_bytes),
        None if capability is None else f"compute {capability[0]}.{capability[1]}",
        None if gpu.power_limit_watts is None else f"{gpu.power_limit_watts:g} W",
        "no driver answers" if gpu.source == "pci" else None,
    )
    return f"{name_of(gpu)} ({_joined(*about)})"


def _disk(disk: Disk) -> str:
    size = "size unknown" if disk.size_bytes is None else disk_size(disk.size_bytes)
    kind = {True: "HDD", False: "SSD", None: None}[disk.is_rotational]
    return " ".join(word for word in (size, disk.transport, kind) if word)


def _nic(nic: Nic) -> str:
    kind = "wireless" if nic.is_wireless else "wired"
    if not nic.has_carrier:
        return f"{kind} {'down' if nic.has_carrier is None else 'without a link'}"
    speed = "of unknown speed" if nic.speed_mbits is None else f"{nic.speed_mbits} Mbit/s"
    return f"{kind} {speed}"


def _none(machine: Machine, path: str) -> str:
    return _UNKNOWN if machine.is_told_unknown(path) else "none"


def _joined(*parts: str | None) -> str:
    return ", ".join(_told(parts))


def _told(parts: tuple[str | None, ...]) -> Iterator[str]:
    return (part for part in parts if part)
