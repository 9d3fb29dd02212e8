"""The disks that are hardware (or a virtual machine's), by /sys/block."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deeprig_host.audit.root_disk import root_disks
from deeprig_host.audit.tree import Tree

_BLOCK = "/sys/block"
_SECTOR_BYTES = 512  # /sys/block/*/size counts these whatever the disk's own sectors are
#: How the parts of a disk's path in /sys/devices begin, to how it is attached; the first counts.
_TRANSPORTS = (
    (r"usb\d", "usb"),
    (r"virtio\d", "virtio"),
    (r"nvme\d", "nvme"),
    (r"ata\d", "sata"),
    (r"mmc\d", "mmc"),
    (r"vbd-\d", "xen"),
    (r"VMBUS:", "vmbus"),
    (r"session\d", "iscsi"),
    (r"end_device-\d", "sas"),
)
_VIRTUAL = frozenset({"virtio", "xen", "vmbus"})


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk. ``holds_root`` also of each disk below a RAID, LVM or encrypted root."""

    name: str
    size_bytes: int
    model: str | None
    transport: str | None
    is_rotational: bool | None
    holds_root: bool


def disks(tree: Tree, is_virtual_machine: bool) -> tuple[Disk, ...]:
    """Return the disks; drives without a medium, loops, RAM disks, RAID and LVM are none."""
    roots = root_disks(tree)
    found = []
    for name in tree.names(_BLOCK, "disks"):
        sectors = tree.number(f"{_BLOCK}/{name}/size", f"disks.{name}")
        if tree.is_there(f"{_BLOCK}/{name}/device") and not name.startswith("sr") and sectors:
            found.append(_disk(tree, name, sectors, is_virtual_machine, name in roots))
    return tuple(found)


def _disk(tree: Tree, name: str, sectors: int, is_virtual_machine: bool, holds_root: bool) -> Disk:
    transport = _transport(tree, name)
    return Disk(
        name=name,
        size_bytes=sectors * _SECTOR_BYTES,
        model=tree.text(f"{_BLOCK}/{name}/device/model", f"disks.{name}.model"),
        transport=transport,
        is_rotational=_is_rotational(tree, name, transport, is_virtual_machine),
        holds_root=holds_root,
    )


def _transport(tree: Tree, name: str) -> str | None:
    parts = tree.real(f"{_BLOCK}/{name}")
    for beginning, transport in _TRANSPORTS:
        if any(re.match(beginning, part) for part in parts):
            return transport
    tree.tell(f"disks.{name}.transport", f"/{'/'.join(parts)} names no transport that we know")
    return None


def _is_rotational(
    tree: Tree, name: str, transport: str | None, is_virtual_machine: bool
) -> bool | None:
    what = f"disks.{name}.is_rotational"
    if transport == "nvme":
        return False  # there is no other; passed through or emulated, it is no turning disk's
    if transport in _VIRTUAL or is_virtual_machine:
        tree.tell(what, "a virtual disk says 1 whatever is behind it")
        return None
    number = tree.number(f"{_BLOCK}/{name}/queue/rotational", what)
    return None if number is None else number != 0
