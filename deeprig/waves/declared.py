"""What a lab declares: its digest, and a copy to put hosts back to.

Declared is what the inventory says of each host, wherever it came from, and files: those of the
directories ``inventory``, ``group_data``, ``roles``, ``templates``, ``deploy`` and ``locks``, and
at the top those that an inventory may be. They are copied; all else of the lab directory (secrets,
reports, wheels) the copy reaches by links, as it is when the copy is used. What a source said (an
Ansible inventory with its variables, NetBox, ~/.ssh/config) is kept as a snapshot.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deeprig.errors import DeeprigError
from deeprig.inventory.merge import merge_levels
from deeprig.inventory.sources.gathered import ReadHost
from deeprig.inventory.sources.snapshot import write_snapshot

STATE_DIRECTORY = ".deeprig"
_DECLARING = ("inventory", "group_data", "roles", "templates", "deploy", "locks")
#: Of no meaning to a copy; and the copies themselves.
_LEFT_OUT = (STATE_DIRECTORY, ".git", ".lab", "__pycache__")
#: What declares at the top: an inventory, in any of its forms. A log beside it declares nothing.
_SUFFIXES = (".py", ".ini", ".yml", ".yaml", ".json", ".csv", ".toml", ".tfstate")


#: Where an object lies in memory is another place in every process, and declares nothing.
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def digest(lab_directory: Path, read: tuple[ReadHost, ...]) -> str:
    """Return the SHA-256 of all that declares, names included. Raise DeeprigError.

    ``read`` is what the inventory says of each host, its groups' data merged in.
    """
    whole = hashlib.sha256()
    for host in sorted(read, key=lambda host: host.name):
        said = (host.name, list(host.groups), merge_levels(host.levels).data)
        whole.update(f"{_spelled(said)}\n".encode())
    try:
        for path in _files(lab_directory):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            whole.update(f"{path.relative_to(lab_directory)}\0{content}\n".encode())
    except OSError as error:
        raise _unreadable(error) from error
    return whole.hexdigest()


def keep_copy(lab_directory: Path, target: Path) -> None:
    """Make a copy at ``target``, which must not exist. Raise DeeprigError.

    Only its owner may enter it: an inventory may hold secrets.
    """
    try:
        target.mkdir(mode=0o700)
        for path in _files(lab_directory):
            place = target / path.relative_to(lab_directory)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place)
        for entry in sorted(lab_directory.iterdir()):
            place = target / entry.name
            if entry.name not in (*_LEFT_OUT, *_DECLARING) and not place.exists():
                place.symlink_to(entry)
    except OSError as error:
        raise _unreadable(error) from error


def keep_snapshot(file: Path, read: tuple[ReadHost, ...], copy: Path) -> None:
    """Keep what a source said, to be used with a copy of the lab. Raise DeeprigError."""
    try:
        write_snapshot(file, read, copy)
    except OSError as error:
        raise _unreadable(error) from error


def _spelled(value: Any) -> str:
    """Return a value as a text that is the same in every process."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(sorted(f'{key!r}: {_spelled(one)}' for key, one in value.items()))}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_spelled, value))}]"
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(map(_spelled, value)))}}}"
    return _ADDRESS.sub("", repr(value))


def _files(directory: Path) -> Iterator[Path]:
    """Yield the files that declare, sorted; a link counts as what it leads to."""
    for entry in sorted(directory.iterdir()):
        if entry.name in _DECLARING and entry.is_dir():
            yield from _below(entry)
        elif entry.suffix in _SUFFIXES and entry.is_file():
            yield entry


def _below(directory: Path) -> Iterator[Path]:
    for root, directories, names in os.walk(directory, followlinks=True):
        directories[:] = sorted(name for name in directories if name not in _LEFT_OUT)
        yield from (Path(root, name) for name in sorted(names) if Path(root, name).is_file())


def _unreadable(error: OSError) -> DeeprigError:
    return DeeprigError(
        f"the lab directory cannot be kept: {error.strerror}",
        place=str(error.filename),
        remedy="its owner must be able to read it, and to write where there is room",
    )
