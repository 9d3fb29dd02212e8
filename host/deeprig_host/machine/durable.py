"""Files that are the old ones or the new ones, whatever is cut off: fsync(2), rename(2)."""

from __future__ import annotations

import os
from pathlib import Path

_DRAFT = ".deeprig-new"


def place_file(path: Path, content: bytes, mode: int) -> None:
    """Have a file with this content; when this returns, a power cut cannot lose it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(path)
    with draft.open("wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_directory(path.parent)


def place_text(path: Path, text: str, mode: int = 0o600) -> None:
    """Have a file with this text; bytes that were read as surrogates become what they were."""
    place_file(path, text.encode("utf-8", "surrogateescape"), mode)


def place_link(path: Path, target: Path) -> None:
    """Have a symbolic link to this target."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(path)
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    draft.replace(path)
    sync_directory(path.parent)


def remove_file(path: Path) -> None:
    """Remove a file or a link for good; there may be none."""
    if path.is_symlink() or path.exists():
        path.unlink()
        sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Have a directory's entries on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _draft(path: Path) -> Path:
    return path.with_name(path.name + _DRAFT)
