"""The memory, by /proc/meminfo and by the firmware's tables (SMBIOS types 16 and 17)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deeprig_host.audit.smbios import BrokenTable, Structure, structures
from deeprig_host.audit.tree import Tree

_TABLE = "/sys/firmware/dmi/tables/DMI"
_ARRAY, _DEVICE = 16, 17
_MIB = 1024**2
#: DSP0134 7.18.2, memory types. 1 and 2 are "other" and "unknown".
_TYPES = {
    3: "DRAM", 7: "RAM", 15: "SDRAM", 18: "DDR", 19: "DDR2", 20: "DDR2 FB-DIMM", 24: "DDR3",
    26: "DDR4", 27: "LPDDR", 28: "LPDDR2", 29: "LPDDR3", 30: "LPDDR4", 32: "HBM", 33: "HBM2",
    34: "DDR5", 35: "LPDDR5", 36: "HBM3",
}  # fmt: skip
#: DSP0134 7.17.2 and 7.17.3: the array that is the machine's memory, and its error correction.
_SYSTEM_MEMORY = 3
_CORRECTION = {3: False, 4: False, 5: True, 6: True, 7: True}


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a memory module; ``size_bytes`` is 0 where it is empty."""

    locator: str
    size_bytes: int
    type: str | None
    speed_mts: int | None


@dataclass(frozen=True, slots=True)
class Memory:
    """The memory: what the kernel has of it, and the modules that the firmware tells of."""

    total_bytes: int | None
    slots: tuple[Slot, ...] | None
    has_ecc: bool | None


def memory(tree: Tree, is_virtual: bool) -> Memory:
    """Return the memory. A virtual machine's tables say nothing about error correction."""
    found = _structures(tree)
    slots = _slots(tree, found)
    return Memory(_total_bytes(tree), slots, _has_ecc(tree, found, is_virtual))


def _total_bytes(tree: Tree) -> int | None:
    text = tree.text("/proc/meminfo", "memory.total_bytes")
    match = re.search(r"^MemTotal:\s+(\d+) kB$", text or "", re.MULTILINE)
    if match is None:
        tree.tell("memory.total_bytes", "/proc/meminfo has no MemTotal")
        return None
    return int(match[1]) * 1024


def _structures(tree: Tree) -> tuple[Structure, ...] | None:
    table = tree.data(_TABLE, "memory.slots")
    if table is None:
        tree.data(_TABLE, "memory.has_ecc")
        return None
    try:
        return tuple(structures(table))
    except BrokenTable as error:
        for what in ("memory.slots", "memory.has_ecc"):
            tree.tell(what, f"{_TABLE} is broken: {error}")
        return None


def _slots(tree: Tree, found: tuple[Structure, ...] | None) -> tuple[Slot, ...] | None:
    if found is None:
        return None
    devices = [structure for structure in found if structure.kind == _DEVICE]
    try:
        slots = tuple(_slot(tree, index, device) for index, device in enumerate(devices))
    except BrokenTable as error:
        tree.tell("memory.slots", f"{_TABLE} is broken: {error}")
        return None
    if not slots:
        tree.tell("memory.slots", f"{_TABLE} has no memory device (type 17)")
    return slots or None


def _slot(tree: Tree, index: int, device: Structure) -> Slot:
    size_bytes = _size_bytes(device)
    locator = device.text(0x10) or f"slot {index}"
    if size_bytes == 0:
        return Slot(locator, 0, None, None)
    kind, speed = _TYPES.get(device.number(0x12, 1) or 0), _speed_mts(device)
    what = f"memory.slots.{locator}"
    if kind is None:
        tree.tell(f"{what}.type", f"the firmware gives type {device.number(0x12, 1)}")
    if speed is None:
        tree.tell(f"{what}.speed_mts", "the firmware gives no speed")
    return Slot(locator, size_bytes, kind, speed)


def _size_bytes(device: Structure) -> int:
    """Return a module's size (7.18.4). Raise BrokenTable where the firmware does not know it."""
    size = device.number(0x0C, 2)
    if size == 0x7FFF:
        extended = device.number(0x1C, 4)
        if extended is not None:
            return (extended & 0x7FFFFFFF) * _MIB
    if size is None or size in (0x7FFF, 0xFFFF):
        raise BrokenTable(f"memory device {device.handle:#06x} does not tell its size")
    return (size & 0x7FFF) * (1024 if size & 0x8000 else _MIB)


def _speed_mts(device: Structure) -> int | None:
    """Return the speed that it is run at, else the one that it is made for; None for unknown."""
    for at, extended_at in ((0x20, 0x58), (0x15, 0x54)):
        speed = device.number(at, 2)
        if speed == 0xFFFF:
            speed = device.number(extended_at, 4)
        if speed:
            return speed
    return None


def _has_ecc(tree: Tree, found: tuple[Structure, ...] | None, is_virtual: bool) -> bool | None:
    if found is None:
        return None
    if is_virtual:
        tree.tell("memory.has_ecc", "a virtual machine's tables do not tell of the real memory")
        return None
    arrays = [s for s in found if s.kind == _ARRAY and s.number(0x05, 1) == _SYSTEM_MEMORY]
    said = {_CORRECTION.get(array.number(0x06, 1) or 0) for array in arrays}
    if None in said or not said:
        tree.tell("memory.has_ecc", f"{_TABLE} does not tell the error correction (type 16)")
        return None
    return all(said)
