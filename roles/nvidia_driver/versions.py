"""Driver versions: reading them out of Debian versions, and comparing them."""

from __future__ import annotations

import re

#: NVIDIA's driver versions: ``580.126.20``, ``595.84``.
_DRIVER = re.compile(r"[1-9]\d{2}\.\d{1,3}(\.\d{1,2})?")


def upstream(version: str) -> str:
    """Return the upstream part of a Debian version (deb-version(7)): no epoch, no revision."""
    without_epoch = version.partition(":")[2] if ":" in version else version
    return without_epoch.rpartition("-")[0] or without_epoch


def driver_version(version: str) -> str | None:
    """Return the driver version in a Debian version, or None where it has none.

    Kernel packages (``6.8.0-124.124``), calendar versions and tools of their own numbering have
    none. Suffixes such as ``+deb12u1`` or ``~bpo`` do not belong to the driver's version.
    """
    text = re.split(r"[+~]", upstream(version))[0]
    return text if _DRIVER.fullmatch(text) else None


def is_driver_version(text: str) -> bool:
    """Say whether a text is a complete driver version, such as ``580.126.20``."""
    return bool(_DRIVER.fullmatch(text))


def sort_key(version: str) -> tuple[int, ...]:
    """Return a key that orders driver versions. Raise ValueError for what is none."""
    if not re.fullmatch(r"\d+(\.\d+)*", version):
        raise ValueError(f"{version!r} is no driver version")
    return tuple(int(part) for part in version.split("."))


def branch_of(version: str) -> int:
    """Return the branch of a driver version: 580 for ``580.126.20``."""
    return sort_key(version)[0]


def is_at_least(version: str, floor: str) -> bool:
    """Say whether a driver version is a floor or newer."""
    return sort_key(version) >= sort_key(floor)
