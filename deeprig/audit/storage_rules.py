"""Rules about disks: an SSD for the system and preparation, NVMe, and room for the archive."""

from __future__ import annotations

from deeprig.audit import sources
from deeprig.audit.devices import Disk
from deeprig.audit.finding import Finding, Rule
from deeprig.audit.machine import Machine
from deeprig.audit.quantity import disk_size

_SSD_BYTES = 256_000_000_000
#: As makers count: 3 TB.
_ARCHIVE_BYTES = 3_000_000_000_000
_SSD = Rule(
    "storage.ssd",
    f"an SSD of at least {disk_size(_SSD_BYTES)}",
    sources.SSD,
    "add an SSD, and keep the system and the data in work on it",
)
_NVME = Rule(
    "storage.nvme", "an SSD on NVMe", sources.NVME, "put data in work on an NVMe disk if it waits"
)
_ARCHIVE = Rule(
    "storage.archive",
    f"a hard disk, or {disk_size(_ARCHIVE_BYTES)} on disks besides the system's",
    sources.ARCHIVE,
    "add a large hard disk for data at rest, or keep it on a file server",
)
_ASK_DISK = "look at the machine underneath, or at its maker's word on this disk"


def storage_ssd(machine: Machine) -> Finding:
    """Grade the largest SSD that is built in; a virtual disk does not say what it lies on."""
    ssds = _ssds(machine)
    largest = max((disk.size_bytes or 0 for disk in ssds), default=0)
    if largest >= _SSD_BYTES:
        return _SSD.passed(_told(ssds))
    if _cannot_tell(machine) or any(disk.size_bytes is None for disk in ssds):
        return _SSD.unknown(_why(machine), _ASK_DISK)
    return _SSD.warned(_told(ssds))


def storage_nvme(machine: Machine) -> Finding:
    """Grade whether one of the SSDs is on NVMe."""
    ssds = _ssds(machine)
    if any(disk.transport == "nvme" for disk in ssds):
        return _NVME.passed(_told(ssds))
    if _cannot_tell(machine) or any(disk.transport is None for disk in ssds):
        return _NVME.unknown(_why(machine), _ASK_DISK)
    return _NVME.warned(_told(ssds))


def storage_archive(machine: Machine) -> Finding:
    """Grade room for data at rest: a hard disk, or as much on others than the system's."""
    if machine.is_portable:
        return _ARCHIVE.not_applicable("a laptop: no bay for a hard disk")
    disks = _built_in(machine)
    beside = sum(disk.size_bytes or 0 for disk in disks if not disk.holds_root)
    actual = _told(disks)
    if any(disk.is_rotational for disk in disks) or beside >= _ARCHIVE_BYTES:
        return _ARCHIVE.passed(actual)
    if _cannot_tell(machine) or any(disk.size_bytes is None for disk in disks):
        return _ARCHIVE.unknown(_why(machine), _ASK_DISK)
    return _ARCHIVE.warned(actual)


def _built_in(machine: Machine) -> tuple[Disk, ...]:
    """Return the disks that stay and are made to work all day: none on USB, no memory cards."""
    return tuple(disk for disk in machine.facts.disks if disk.transport not in ("usb", "mmc"))


def _ssds(machine: Machine) -> tuple[Disk, ...]:
    return tuple(disk for disk in _built_in(machine) if disk.is_rotational is False)


def _cannot_tell(machine: Machine) -> bool:
    """Return whether a disk does not say what it is, or none could be listed."""
    return machine.is_told_unknown("disks") or any(
        disk.is_rotational is None for disk in _built_in(machine)
    )


def _why(machine: Machine) -> str:
    """Return why disks could not be judged: the first that does not say what it is."""
    facts = ("is_rotational", "transport", "size_bytes")
    lacking = [
        f"disks.{disk.name}.{fact}"
        for disk in _built_in(machine)
        for fact in facts
        if getattr(disk, fact) is None
    ]
    return machine.why_unknown(*lacking, "disks")


def _told(disks: tuple[Disk, ...]) -> str:
    return ", ".join(map(_disk, disks)) or "none"


def _disk(disk: Disk) -> str:
    size = "size unknown" if disk.size_bytes is None else disk_size(disk.size_bytes)
    return f"{disk.name}: {size} {disk.transport or 'on an unknown bus'}"
