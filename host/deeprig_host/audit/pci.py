"""The PCI tree, by /sys/bus/pci (Documentation/ABI/testing/sysfs-bus-pci)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deeprig_host.audit.tree import Tree

DEVICES = "/sys/bus/pci/devices"
_SLOTS = "/sys/bus/pci/slots"
NVIDIA = "10de"
#: PCI class codes: display controllers are 03xx, an NVSwitch is a bridge of kind "other".
_DISPLAY, _NVSWITCH = "03", "0680"
#: Where a device has no link, kernels say 0, 63 or 255.
_WIDTHS = frozenset({1, 2, 4, 8, 12, 16, 32})
#: ioport.h: memory, prefetchable, 64 bits wide.
_MEMORY, _PREFETCH, _WIDE = 0x200, 0x2000, 0x100000


@dataclass(frozen=True, slots=True)
class Link:
    """A PCI Express link: as it is trained now, and what the device could. It slows when idle."""

    width: int | None
    max_width: int | None
    speed_gts: float | None
    max_speed_gts: float | None


@dataclass(frozen=True, slots=True)
class Device:
    """A PCI function. Null means none, not unknown: no driver bound, no node, no slot, no link."""

    address: str
    vendor: str
    device: str
    class_: str
    subsystem: str | None
    driver: str | None
    numa_node: int | None
    slot: str | None
    parents: tuple[str, ...]
    link: Link | None

    @property
    def is_gpu(self) -> bool:
        """Say whether it is one of NVIDIA's display or 3D controllers."""
        return self.vendor == NVIDIA and self.class_.startswith(_DISPLAY)

    @property
    def is_nvswitch(self) -> bool:
        """Say whether it is an NVSwitch."""
        return self.vendor == NVIDIA and self.class_.startswith(_NVSWITCH)


@dataclass(frozen=True, slots=True)
class Bar:
    """A window of a device in the address space."""

    index: int
    start: int
    size_bytes: int
    is_wide_prefetchable: bool


def devices(tree: Tree) -> tuple[Device, ...]:
    """Return all functions by address; one whose identity cannot be read is told of instead.

    A bus that cannot be listed, or a function of unknown kind, may hide a GPU: told of too.
    """
    slots = _slots(tree)
    if tree.entries(DEVICES, "pci") is None:
        tree.tell("gpus", f"{DEVICES} cannot be listed")
    found = (_device(tree, name, slots) for name in tree.names(DEVICES))
    return tuple(device for device in found if device is not None)


def bars(tree: Tree, address: str) -> tuple[Bar, ...]:
    """Return a device's memory windows that the firmware or the kernel has placed."""
    lines = (tree.text(f"{DEVICES}/{address}/resource") or "").splitlines()
    found = []
    for index, line in enumerate(lines[:6]):  # the ROM and bridge windows come behind
        if not re.fullmatch(r"0x[0-9a-f]+( 0x[0-9a-f]+){2}", line.strip()):
            continue
        start, end, flags = (int(part, 16) for part in line.split())
        if start and flags & _MEMORY:
            is_wide = flags & (_PREFETCH | _WIDE) == _PREFETCH | _WIDE
            found.append(Bar(index, start, end - start + 1, is_wide))
    return tuple(found)


def _slots(tree: Tree) -> dict[str, str]:
    """Return slot names by address without the function."""
    said = ((tree.text(f"{_SLOTS}/{name}/address"), name) for name in tree.names(_SLOTS))
    return {address.lower(): name for address, name in said if address}


def _device(tree: Tree, address: str, slots: dict[str, str]) -> Device | None:
    base = f"{DEVICES}/{address}"
    what = f"pci.{address}"
    vendor, device, class_ = (
        _hex(tree.text(f"{base}/{name}", what)) for name in ("vendor", "device", "class")
    )
    if vendor is None or device is None or class_ is None:
        tree.tell("gpus", f"{base} does not tell what it is")
        return None
    return Device(
        address=address,
        vendor=vendor,
        device=device,
        class_=class_.zfill(6),
        subsystem=_subsystem(tree, base),
        driver=tree.link(f"{base}/driver"),
        numa_node=_numa_node(tree, base),
        slot=slots.get(address.rpartition(".")[0]),
        parents=tuple(p for p in reversed(tree.pci_chain(base)) if p != address),
        link=_link(tree, base),
    )


def _subsystem(tree: Tree, base: str) -> str | None:
    vendor, device = (_hex(tree.text(f"{base}/subsystem_{part}")) for part in ("vendor", "device"))
    return f"{vendor}:{device}" if vendor and device and vendor != "0000" else None


def _numa_node(tree: Tree, base: str) -> int | None:
    node = tree.number(f"{base}/numa_node")
    return node if node is not None and node >= 0 else None  # -1: the firmware names none


def _link(tree: Tree, base: str) -> Link | None:
    link = Link(
        width=_width(tree, f"{base}/current_link_width"),
        max_width=_width(tree, f"{base}/max_link_width"),
        speed_gts=_speed_gts(tree, f"{base}/current_link_speed"),
        max_speed_gts=_speed_gts(tree, f"{base}/max_link_speed"),
    )
    return None if link == Link(None, None, None, None) else link


def _width(tree: Tree, path: str) -> int | None:
    width = tree.number(path)
    return width if width in _WIDTHS else None


def _speed_gts(tree: Tree, path: str) -> float | None:
    match = re.match(r"([\d.]+) GT/s", tree.text(path) or "")
    return float(match[1]) if match else None


def _hex(text: str | None) -> str | None:
    return None if text is None else text.lower().removeprefix("0x")
