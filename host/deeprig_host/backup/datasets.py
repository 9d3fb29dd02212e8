"""Datasets that can be fetched again: a manifest names a URL and a SHA-256 for each file.

``deeprig-dataset.json``::

    {"schema": "deeprig.dataset/1", "files": [
        {"path": "train.bin", "url": "https://...", "sha256": "...", "size": 123}]}

Only a file that is as its manifest says is left out: of its size, and not changed since the
manifest was, also by ctime (``rsync -t`` and others set an mtime). Manifest and file have the same
owner, or the manifest is root's: nobody leaves out the files of others.
"""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

NAME = "deeprig-dataset.json"
SCHEMA = "deeprig.dataset/1"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Fetchable:
    """The files that a manifest lets one fetch again, and remarks on those that are kept."""

    files: tuple[Path, ...] = ()
    remarks: tuple[str, ...] = ()


def fetchable(manifest: Path) -> Fetchable:
    """Return which files beside a manifest need no backup. What is in doubt is kept."""
    try:
        written, text = _read(manifest)
        told = json.loads(text)
        entries = told["files"] if told["schema"] == SCHEMA else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        return Fetchable(remarks=(f"{manifest}: cannot be read ({error}): all is kept",))
    if not isinstance(entries, list):
        return Fetchable(remarks=(f"{manifest}: not of schema {SCHEMA}: all is kept",))
    found, kept = [], 0
    for entry in entries:
        path = _as_told(manifest.parent, entry, written)
        if path is None:
            kept += 1
        else:
            found.append(path)
    remark = f"{manifest}: {kept} files are not as it says, or have no URL and SHA-256: kept"
    return Fetchable(tuple(found), (remark,) if kept else ())


def _read(manifest: Path) -> tuple[os.stat_result, bytes]:
    """Return what stat(2) says of a manifest, and its content. Raise OSError, ValueError.

    It is anybody's: no link is followed, and no named pipe is waited for.
    """
    descriptor = os.open(manifest, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("it is no file")
        text = file.read(_MOST_BYTES + 1)
    if len(text) > _MOST_BYTES:
        raise ValueError("too large for a manifest")
    return found, text


def _as_told(directory: Path, entry: Any, manifest: os.stat_result) -> Path | None:
    """Return the file of an entry where it can be fetched again as it is, None where not."""
    if not isinstance(entry, dict):
        return None
    name, size = entry.get("path"), entry.get("size")
    if not isinstance(name, str) or not isinstance(size, int) or isinstance(size, bool):
        return None
    if not _is_fetchable(entry) or not _is_below(name):
        return None
    path = directory / name
    try:
        found = path.lstat()
    except (OSError, ValueError):
        return None
    is_same = stat.S_ISREG(found.st_mode) and found.st_size == size
    is_older = (
        found.st_mtime_ns <= manifest.st_mtime_ns and found.st_ctime_ns <= manifest.st_ctime_ns
    )
    is_own = manifest.st_uid in (0, found.st_uid)
    return path if is_same and is_older and is_own else None


def _is_fetchable(entry: dict[str, Any]) -> bool:
    url, digest = entry.get("url"), entry.get("sha256")
    if not isinstance(url, str) or not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https", "s3", "gs", "ftp", "hf") and bool(parts.netloc)


def _is_below(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and path.parts != ()
