"""What of a backup goes back in its place on a rebuilt machine, and what does not. Pure data.

What ``apply`` and packages place is theirs: files of another installation over it would undo it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from deeprig_host.backup.places import STATE_DIRECTORY
from deeprig_host.backup.survey import is_below

#: ``aside``: restored into a directory for a person to look at; ``left``: only in the backup.
Way = Literal["in place", "aside", "left"]
STATE = f"{STATE_DIRECTORY}/state"


@dataclass(frozen=True, slots=True)
class Place:
    """A path, with shell wildcards in its parts, what becomes of it, and why."""

    path: str
    way: Way
    why: str


_ETC = "it belongs to `apply` and to the old hardware; the copy is there to look at"
_PACKAGES = "packages place it"
_KERNEL = "the kernel fills it"
#: The longest path that fits decides. What none names is people's: in place.
PLACES: tuple[Place, ...] = (
    Place("/etc", "aside", _ETC),
    Place("/usr", "left", _PACKAGES),
    Place("/usr/local", "in place", "what people installed by hand"),
    Place("/usr/local/cuda*", "left", "NVIDIA's packages place it"),
    Place("/opt", "in place", "what people installed by hand"),
    Place("/opt/deeprig", "left", "`apply` places it"),
    Place("/opt/nvidia", "left", "NVIDIA's packages place it"),
    Place("/var", "left", "it is the state of the programs of another installation"),
    Place("/var/local", "in place", "what people keep there"),
    Place("/var/mail", "in place", "people's mail"),
    Place("/var/www", "in place", "what people serve"),
    Place("/var/spool/cron", "aside", "jobs of the old machine: look at them first"),
    Place(STATE_DIRECTORY, "left", "it tells of the old machine's backups"),
    Place(STATE, "aside", "what the old machine was"),
    *(Place(f"/{name}", "left", _PACKAGES) for name in ("boot", "bin", "sbin", "lib*", "efi")),
    *(Place(f"/{name}", "left", _PACKAGES) for name in ("snap", "vmlinuz*", "initrd*")),
    *(Place(f"/{name}", "left", _KERNEL) for name in ("proc", "sys", "dev", "run")),
    *(Place(f"/{name}", "left", "it is temporary") for name in ("tmp", "swap*", "lost+found")),
)
#: Of ``/etc``, what is never put in place, whoever asks for it.
NEVER: tuple[Place, ...] = (
    Place("/etc/machine-id", "aside", "no two installations may have the same"),
    Place("/etc/fstab", "aside", "it names the old disks: the machine might not boot"),
    Place("/etc/crypttab", "aside", "it names the old disks: the machine might not boot"),
    Place("/etc/mdadm", "aside", "it names the old disks"),
    Place("/etc/lvm", "aside", "it names the old disks"),
    Place("/etc/zfs", "aside", "it names the old disks"),
    Place("/etc/netplan", "aside", "the role network declares it; the cards are others"),
    Place("/etc/network", "aside", "the role network declares it; the cards are others"),
    Place("/etc/NetworkManager", "aside", "the role network declares it; the cards are others"),
    Place("/etc/systemd/network", "aside", "the role network declares it; the cards are others"),
    Place("/etc/udev", "aside", "it names the old hardware"),
    Place("/etc/hostname", "aside", "the machine has its name"),
    Place("/etc/resolv.conf", "aside", "the network gives it"),
    Place("/etc/ssh/ssh_host_*", "aside", "whoever knows the new keys would be locked out"),
    *(
        Place(f"/etc/{name}{more}", "aside", "users are made one by one, with free numbers")
        for name in ("passwd", "group", "shadow", "gshadow", "subuid", "subgid")
        for more in ("", "-")
    ),
    Place("/etc/apt", "aside", "sources and keys follow from the release and the inventory"),
    Place("/etc/dpkg", "aside", "it belongs to the release"),
    Place("/etc/alternatives", "aside", "packages make these links"),
    Place("/etc/ld.so.*", "aside", "packages make it"),
    Place("/etc/default/grub*", "aside", "it belongs to the kernel and the disks of here"),
    Place("/etc/initramfs-tools", "aside", "it belongs to the kernel and the disks of here"),
    Place("/etc/modprobe.d", "aside", "the driver's role declares it"),
    Place("/etc/modules*", "aside", "the driver's role declares it"),
    Place("/etc/deeprig", "aside", "`apply` places it"),
)


@dataclass(frozen=True, slots=True)
class Parted:
    """The paths of a backup by what becomes of them; ``left`` with why."""

    in_place: tuple[str, ...]
    aside: tuple[str, ...]
    left: tuple[tuple[str, str], ...]

    def brings(self, path: str) -> bool:
        """Say whether a path goes back in its place."""
        return any(is_below(path, one) for one in self.in_place)


def places_of(conda: Iterable[str]) -> tuple[Place, ...]:
    """Return the table with the declared prefixes of conda."""
    why = "environments are made anew from their locks"
    return (*PLACES, *(Place(prefix, "left", why) for prefix in conda))


def part(paths: Iterable[str], listed: Iterable[str], places: tuple[Place, ...]) -> Parted:
    """Part the paths of a snapshot; ``listed`` is what it holds of those that ``is_asked`` names.

    A directory that holds what has another way is parted by what is in it.
    """
    below: dict[str, list[str]] = {}
    for path in sorted(listed):
        if path != "/":
            below.setdefault(path.rpartition("/")[0] or "/", []).append(path)
    found: dict[Way, list[tuple[str, str]]] = {"in place": [], "aside": [], "left": []}
    for path in paths:
        for each, place in _parted(path, below, places):
            found[place.way].append((each, place.why))
    in_place, aside = (tuple(path for path, _ in found[way]) for way in ("in place", "aside"))
    return Parted(in_place, aside, tuple(found["left"]))


def is_asked(path: str, places: tuple[Place, ...]) -> bool:
    """Say whether ``part`` has to know of a path: it may be parted from its neighbours."""
    above = path.rpartition("/")[0]
    return any(_is_above(above, one.path) for one in places)


def why_never(path: str) -> str | None:
    """Return why a path of ``/etc`` is not put in place, None where it may be."""
    if path == "/etc" or not fits("/etc", path):
        return "it is not a path below /etc"
    held = (one for one in NEVER if fits(one.path, path) or _is_above(path, one.path))
    return next((one.why for one in held), None)


def place_of(path: str, places: tuple[Place, ...]) -> Place:
    """Return what decides of a path."""
    fitting = [one for one in places if fits(one.path, path)]
    people = Place(path, "in place", "people's data")
    return max(fitting, key=lambda one: len(_parts(one.path)), default=people)


def fits(pattern: str, path: str) -> bool:
    """Say whether a path is what a pattern names, or lies below it."""
    wanted, parts = _parts(pattern), _parts(path)
    pairs = zip(parts, wanted, strict=False)
    return len(parts) >= len(wanted) and all(fnmatchcase(*pair) for pair in pairs)


def _parted(
    path: str, below: dict[str, list[str]], places: tuple[Place, ...]
) -> Iterator[tuple[str, Place]]:
    mine = place_of(path, places)
    if any(_is_above(path, one.path) and one.way != mine.way for one in places):
        for child in below.get(path, ()):
            yield from _parted(child, below, places)
    else:
        yield path, mine


def _is_above(path: str, pattern: str) -> bool:
    parts, wanted = _parts(path), _parts(pattern)
    pairs = zip(parts, wanted, strict=False)
    return len(parts) < len(wanted) and all(fnmatchcase(*pair) for pair in pairs)


def _parts(path: str) -> list[str]:
    return [one for one in path.split("/") if one]
