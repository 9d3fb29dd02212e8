"""The files that belong to a driver change: recorded, placed, put back."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

from deeprig_host.driver.journal import DIRECTORY, RecordedFile
from deeprig_host.driver.order import OrderedFile
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.durable import place_text, remove_file

_MODPROBE = "/etc/modprobe.d/"
_PREFERENCES = "/etc/apt/preferences.d"


def record_files(machine: Machine, files: Iterable[OrderedFile]) -> tuple[RecordedFile, ...]:
    """Return what is now at the path of each managed file."""
    return tuple(_record(machine, file.path) for file in files)


def place(machine: Machine, path: str, content: str | None, mode: str) -> bool:
    """Have a file with this content and mode, or none; say whether that changed something."""
    now = _record(machine, path)
    if (now.content, now.mode) == (content, mode) or (content is None and now.content is None):
        return False
    target = machine.path(path)
    if content is None:
        remove_file(target)
    else:
        place_text(target, content, int(mode, 8))
    return True


def needs_initramfs(paths: Iterable[str]) -> bool:
    """Say whether files go into the initramfs: modprobe's configuration does."""
    return any(path.startswith(_MODPROBE) for path in paths)


def preferences_as_ordered(machine: Machine, files: Iterable[OrderedFile]) -> Path:
    """Return a directory of apt preferences as they will be after the change, for simulating."""
    draft = machine.path(f"{DIRECTORY}/preferences.d")
    if draft.is_dir():
        shutil.rmtree(draft)
    draft.mkdir(parents=True)
    now = machine.path(_PREFERENCES)
    for file in sorted(now.iterdir()) if now.is_dir() else ():
        if file.is_file():
            shutil.copyfile(file, draft / file.name)
    for ordered in files:
        directory, _, name = ordered.path.rpartition("/")
        if directory == _PREFERENCES:
            (draft / name).unlink(missing_ok=True)
            if ordered.content is not None:
                (draft / name).write_text(ordered.content, encoding="utf-8")
    return draft


def _record(machine: Machine, path: str) -> RecordedFile:
    target = machine.path(path)
    try:
        content = target.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return RecordedFile(path, None)
    return RecordedFile(path, content, f"{stat.S_IMODE(target.stat().st_mode):o}")
