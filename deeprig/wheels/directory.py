"""Find locked wheels in a directory, by name and digest: deeprig's cache, or one of the lab's."""

from __future__ import annotations

import hashlib
from pathlib import Path

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from deeprig.errors import DeeprigError
from deeprig.wheels.lock import LockedWheel


def find_wheel(directory: Path, wheel: LockedWheel) -> Path | None:
    """Return the file of a wheel, None where the directory has none of its digest."""
    return next((path for path in _of_version(directory, wheel) if _is(path, wheel)), None)


def declared_wheel(directory: Path, wheel: LockedWheel, machine: str) -> Path:
    """Return the file of a wheel that must be there. Raise DeeprigError, telling what is."""
    found = find_wheel(directory, wheel)
    if found is not None:
        return found
    remedy = (
        f"put the wheel of {wheel.project} {wheel.version} for {machine} there whose SHA-256 is "
        f"{wheel.sha256} (docs/host-programs.md, 'Without a network')"
    )
    if not directory.is_dir():
        raise DeeprigError("there is no such directory", place=str(directory), remedy=remedy)
    others = [path.name for path in _of_version(directory, wheel)]
    reason = f"it has no wheel of {wheel.project} {wheel.version} for {machine}"
    if others:
        reason = f"{', '.join(others)} has another SHA-256 than is locked for {machine}"
    raise DeeprigError(reason, place=str(directory), remedy=remedy)


def _of_version(directory: Path, wheel: LockedWheel) -> list[Path]:
    paths = sorted(directory.glob("*.whl")) if directory.is_dir() else []
    return [path for path in paths if _names(path, wheel)]


def _names(path: Path, wheel: LockedWheel) -> bool:
    try:
        project, version, _, _ = parse_wheel_filename(path.name)
    except InvalidWheelFilename:
        return False
    return (canonicalize_name(project), str(version)) == (wheel.project, wheel.version)


def _is(path: Path, wheel: LockedWheel) -> bool:
    return hashlib.sha256(path.read_bytes()).hexdigest() == wheel.sha256
