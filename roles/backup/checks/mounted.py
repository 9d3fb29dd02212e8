"""A disk that is not there would be noticed, and not taken for empty directories."""

from __future__ import annotations

import re
from typing import Any

import pytest

from deeprig.verify.checks import Checks
from roles.backup.checks.declaring import declared_backup
from roles.backup.settings import BackupSettings

_FSTAB = "/etc/fstab"
#: Without these there is no machine that could make a backup.
_NEEDED = frozenset(("/", "/boot", "/boot/efi", "/usr", "/var"))
#: How fstab(5) writes a blank, a tab and a backslash in a name.
_ESCAPE = re.compile(r"\\(040|011|134)")


def test_a_disk_that_is_not_mounted_would_be_noticed(
    host: Any, declared: Any, request: pytest.FixtureRequest, check: Checks
) -> None:
    """What fstab mounts at a source, or at a repository on this machine, is in ``mounts``."""
    wanted = declared_backup(declared, request)
    file = host.file(_FSTAB)
    mounted = mount_points(file.content_string if file.exists else "")
    missing = unwatched(wanted, mounted)
    seen = f"{'; '.join(missing)}: an empty directory would be backed up, or filled, in its place"
    good = "every disk of fstab that backups read or write is in mounts"
    check("a disk that is not mounted is noticed", not missing, seen if missing else good)


def mount_points(fstab: str) -> tuple[str, ...]:
    """Return where fstab mounts something by itself, but for what no machine starts without."""
    rows = (line.split() for line in fstab.splitlines() if not line.lstrip().startswith("#"))
    found = (
        _ESCAPE.sub(lambda octal: chr(int(octal[1], 8)), row[1])
        for row in rows
        if len(row) >= 3 and row[1].startswith("/") and "noauto" not in _options(row)
    )
    return tuple(dict.fromkeys(place for place in found if place not in _NEEDED))


def unwatched(settings: BackupSettings, mounted: tuple[str, ...]) -> tuple[str, ...]:
    """Return in words the mount points that backups go over, and that are not declared."""
    sources = [
        f"{place} is read, and not in backup.mounts"
        for place in mounted
        if place not in (*settings.mounts, *settings.exclude)
        and any(_is_at(place, source) for source in settings.sources)
    ]
    return (
        *sources,
        *(
            f"{place} is written to, and not in backup.repositories.{name}.mounts"
            for name, one in settings.repositories.items()
            for place in mounted
            if one.url is not None
            and place not in (*one.mounts, *settings.mounts)
            and _is_below(one.url.removeprefix("local:"), place)
        ),
    )


def _is_at(place: str, source: str) -> bool:
    """Say whether a source is on a mount, or a mount in a source."""
    return _is_below(source, place) or _is_below(place, source)


def _is_below(path: str, directory: str) -> bool:
    return path == directory or path.startswith(f"{directory.rstrip('/')}/")


def _options(row: list[str]) -> list[str]:
    return row[3].split(",") if len(row) > 3 else []
