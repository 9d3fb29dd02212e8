"""Files that say what a machine is, copied as they are: mounts, network, crontabs, package sources.

They are copied although /etc may be backed up: a rebuild reads one place, whatever the sources are.
``/etc/apt/auth.conf`` and ``/etc/shadow`` are never copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from deeprig_host.backup.state_part import FILE_BYTES, Part, PartFailed, StateFile, read_bytes
from deeprig_host.machine.commands import Machine

DIRECTORY = "files"
PATTERNS = (
    "etc/fstab",
    "etc/crypttab",
    "etc/exports",
    "etc/hostname",
    "etc/hosts",
    "etc/netplan/*.yaml",
    "etc/crontab",
    "etc/cron.d/*",
    "var/spool/cron/crontabs/*",
    "etc/apt/sources.list",
    "etc/apt/sources.list.d/*.list",
    "etc/apt/sources.list.d/*.sources",
    "etc/apt/preferences",
    "etc/apt/preferences.d/*",
    "etc/apt/keyrings/*",
    "etc/apt/trusted.gpg.d/*",
    "usr/share/keyrings/*",
)
#: Of all copies together.
_ALL_BYTES = 8 * FILE_BYTES


def files_part(machine: Machine) -> Part:
    """Return the part."""
    return Part("files", lambda: tuple(_copies(machine)))


def _copies(machine: Machine) -> Iterator[StateFile]:
    total = 0
    for path in sorted(_paths(machine.root)):
        content = _content(machine, path)
        if content is None:
            continue
        total += len(content)
        if total > _ALL_BYTES:
            raise PartFailed(
                f"the files that say what a machine is are over {_ALL_BYTES >> 20} MiB"
            )
        yield StateFile(f"{DIRECTORY}/{path.relative_to(machine.root)}", content)


def _paths(root: Path) -> set[Path]:
    return {path for pattern in PATTERNS for path in root.glob(pattern)}


def _content(machine: Machine, path: Path) -> bytes | None:
    """Return a file's content, that of a link's target; None for a directory or a dead link."""
    found = machine.follow(str(path.relative_to(machine.root)))
    if found.is_dir() or not found.exists():
        return None
    return read_bytes(found)
