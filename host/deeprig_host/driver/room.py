"""Is there room for a change: downloads, unpacked files, one initramfs for each kernel."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

from deeprig_host.driver.deb_store import STORE, Archive
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

_MIB = 2**20
#: Old and new files of a package stand beside each other while dpkg unpacks it; DKMS builds.
_UNPACK_FACTOR = 1.1
_RESERVE_BYTES = 64 * _MIB
_KIB = 1024


def check_room(
    machine: Machine, downloads: tuple[Archive, ...], unpacked: tuple[Archive, ...]
) -> None:
    """Raise Refused, with figures, where a file system has not enough room."""
    sizes = _sizes(machine, tuple({*downloads, *unpacked}))
    downloaded = sum(sizes.get(archive.request, (0, 0))[0] for archive in downloads)
    installed = sum(sizes.get(archive.request, (0, 0))[1] for archive in unpacked)
    needs: dict[str, int] = {
        STORE: downloaded,
        "/usr": int(installed * _UNPACK_FACTOR),
        "/boot": _initramfs_bytes(machine),
    }
    lacking = _lacking(machine, needs)
    if lacking:
        raise Refused(
            "there is not enough room on the disk for this driver change",
            evidence=lacking,
            remedy="make room (`apt-get clean`, `apt-get autoremove`, old data) and run again",
        )


def _lacking(machine: Machine, needs: dict[str, int]) -> tuple[str, ...]:
    by_device: dict[int, list[str]] = defaultdict(list)
    for place in needs:
        by_device[_existing(machine.path(place)).stat().st_dev].append(place)
    found = []
    for places in by_device.values():
        figures = os.statvfs(_existing(machine.path(places[0])))
        free = figures.f_bavail * figures.f_frsize
        needed = sum(needs[place] for place in places) + _RESERVE_BYTES
        if free < needed:
            where = " and ".join(places)
            found.append(f"{where}: {needed // _MIB} MiB needed, {free // _MIB} MiB free")
    return tuple(found)


def _existing(path: Path) -> Path:
    return next(p for p in (path, *path.parents) if p.exists())


def _initramfs_bytes(machine: Machine) -> int:
    """Return the room for writing the largest initramfs anew beside itself."""
    images = machine.path("/boot").glob("initrd.img-*")
    return max((file.stat().st_size for file in images), default=0)


def _sizes(machine: Machine, archives: tuple[Archive, ...]) -> dict[str, tuple[int, int]]:
    """Return download and installed size in bytes, by request, from apt's indexes."""
    if not archives:
        return {}
    text = machine.run("apt-cache", "show", *(a.request for a in archives), seconds=120).out
    by_key = {}
    for stanza in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line)
        key = (fields.get("Package"), fields.get("Version"), fields.get("Architecture"))
        size, installed = fields.get("Size", "0"), fields.get("Installed-Size", "0")
        by_key[key] = (int(size), int(installed) * _KIB)
    return {
        a.request: by_key[(a.name, a.version, a.architecture)]
        for a in archives
        if (a.name, a.version, a.architecture) in by_key
    }
