"""Compare what a drill restored with what does not come from the repository.

A file that has not changed since the snapshot, by size and by the times of its content and of its
inode (nobody but the kernel sets ctime), must be what was restored, byte by byte. One that has
changed can only be compared with what restic recorded at backup time: a SHA-256 of each of its
parts, which ``restore --verify`` compares with what it has written. The canary carries a digest of
its own.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deeprig_host.backup.canary import BadCanary, read_canary
from deeprig_host.backup.snapshots import Node, Snapshot

#: What a restored file was compared with.
Proof = Literal["canary", "live", "recorded"]
#: A canary is written before each backup; so much older, it is of another one.
_FRESH_SECONDS = 86_400
_SECOND_NS = 1_000_000_000
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class Compared:
    """One restored file: what it was compared with, and what is wrong with it (empty: nothing)."""

    path: str
    proof: Proof
    wrong: str = ""


def compare(node: Node, restored: Path, live: Path) -> Compared:
    """Compare a restored file with the live one, where that is still the one backed up."""
    found = _status(restored)
    if found is None or not stat.S_ISREG(found.st_mode):
        return Compared(node.path, "recorded", "it was not restored")
    if found.st_size != node.size_bytes:
        wrong = f"restored with {found.st_size} bytes, backed up with {node.size_bytes}"
        return Compared(node.path, "recorded", wrong)
    digest = _digest_of_unchanged(node, live)
    if digest is None:
        return Compared(node.path, "recorded")
    is_equal = digest == _digest(restored)
    wrong = "it differs from the live file, which has not changed since: one of them is damaged"
    return Compared(node.path, "live", "" if is_equal else wrong)


def compare_canary(path: str, restored: Path, snapshot: Snapshot, host: str) -> Compared:
    """Compare a restored canary with its own digest, and with the snapshot that it is of."""
    if _status(restored) is None:
        return Compared(path, "canary", "the canary was not restored")
    try:
        canary = read_canary(restored.read_bytes())
    except BadCanary as bad:
        return Compared(path, "canary", str(bad))
    age_seconds = snapshot.time_ns // _SECOND_NS - canary.time
    if canary.host != host:
        return Compared(path, "canary", f"the canary is of host {canary.host!r}, not of {host!r}")
    if age_seconds > _FRESH_SECONDS:
        return Compared(path, "canary", f"the canary is {age_seconds} s older than the snapshot")
    return Compared(path, "canary")


def _digest_of_unchanged(node: Node, live: Path) -> bytes | None:
    """Return the digest of the live file; None where it has changed, or does while it is read."""
    if not _is_unchanged(node, _status(live)):
        return None
    digest = _digest(live)
    return digest if _is_unchanged(node, _status(live)) else None


def _is_unchanged(node: Node, found: os.stat_result | None) -> bool:
    if found is None or not stat.S_ISREG(found.st_mode):
        return False
    told = (found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    return told == (node.size_bytes, node.mtime_ns, node.ctime_ns)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _digest(path: Path) -> bytes | None:
    """Return a file's SHA-256, None where it is gone or has become a link."""
    try:
        descriptor = os.open(path, _OPEN)
    except OSError:
        return None
    digest = hashlib.sha256()
    with os.fdopen(descriptor, "rb") as file:
        while chunk := file.read(1024 * 1024):
            digest.update(chunk)
    return digest.digest()
