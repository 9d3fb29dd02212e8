"""Put one restored thing in its place: by rename, or as a copy where that is another file system.

Everything is addressed by open directories, and no link is followed: what a user puts in the way
while root restores cannot lead anywhere else.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_DRAFT = ".deeprig-restore-draft"
_OPEN = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class Spot:
    """A name in an open directory."""

    directory: int
    name: str

    def status(self) -> os.stat_result | None:
        """Return what is there, a link itself; None where there is nothing."""
        try:
            return os.stat(self.name, dir_fd=self.directory, follow_symlinks=False)
        except FileNotFoundError:
            return None

    @contextlib.contextmanager
    def opened(self, flags: int = os.O_RDONLY) -> Iterator[int]:
        """Open it for the time of the block; a link is an error (ELOOP, ENOTDIR)."""
        descriptor = os.open(self.name, flags | _OPEN, dir_fd=self.directory)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def link(self) -> str:
        """Return where a symbolic link leads."""
        return os.readlink(self.name, dir_fd=self.directory)


@contextlib.contextmanager
def opened_directory(path: Path) -> Iterator[int]:
    """Open a directory for the time of the block."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def names_in(directory: int) -> tuple[str, ...]:
    """Return what is in an open directory, in order."""
    with os.scandir(directory) as entries:
        return tuple(sorted(entry.name for entry in entries))


def move(source: Spot, target: Spot) -> bool:
    """Rename ``source``, replacing what is no directory; False: it is another file system's."""
    try:
        os.rename(
            source.name, target.name, src_dir_fd=source.directory, dst_dir_fd=target.directory
        )
    except OSError as error:
        if error.errno == errno.EXDEV:
            return False
        raise
    return True


def copy(source: Spot, target: Spot, found: os.stat_result) -> None:
    """Replace ``target`` by a copy of ``source``, which is no directory: whole or not at all."""
    draft = Spot(target.directory, target.name[:200] + _DRAFT)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(draft.name, dir_fd=draft.directory)
    try:
        _copy(source, draft, found)
        move(draft, target)
    except OSError:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft.name, dir_fd=draft.directory)
        raise


def give_rights(descriptor: int, like: int, found: os.stat_result) -> None:
    """Give an open file or directory what another one has: owner, mode, attributes, time.

    In this order: chown(2) clears set-user-ID and file capabilities, all change the time.
    """
    os.fchown(descriptor, found.st_uid, found.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(found.st_mode))
    for name in attributes(like):
        os.setxattr(descriptor, name, os.getxattr(like, name))
    os.utime(descriptor, ns=(found.st_atime_ns, found.st_mtime_ns))


def attributes(descriptor: int) -> tuple[str, ...]:
    """Return the names of an open file's extended attributes; a file system may know none."""
    try:
        return tuple(sorted(os.listxattr(descriptor)))
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return ()
        raise


def _copy(source: Spot, draft: Spot, found: os.stat_result) -> None:
    here = draft.directory
    if stat.S_ISREG(found.st_mode):
        _copy_file(source, draft, found)
    elif stat.S_ISLNK(found.st_mode):
        os.symlink(source.link(), draft.name, dir_fd=here)
        os.chown(draft.name, found.st_uid, found.st_gid, dir_fd=here, follow_symlinks=False)
    else:
        _make_special(draft, found)
    times = (found.st_atime_ns, found.st_mtime_ns)
    os.utime(draft.name, ns=times, dir_fd=here, follow_symlinks=False)


def _make_special(draft: Spot, found: os.stat_result) -> None:
    """Make a device, a named pipe or a socket as ``found`` is."""
    here = draft.directory
    before = os.umask(0)
    try:
        # No chmod(2) afterwards: that follows links, and the directory may be the user's.
        os.mknod(draft.name, found.st_mode, found.st_rdev, dir_fd=here)
    finally:
        os.umask(before)
    os.chown(draft.name, found.st_uid, found.st_gid, dir_fd=here, follow_symlinks=False)


def _copy_file(source: Spot, draft: Spot, found: os.stat_result) -> None:
    with (
        source.opened() as like,
        os.fdopen(os.dup(like), "rb") as reading,
        os.fdopen(_new(draft), "wb") as writing,
    ):
        shutil.copyfileobj(reading, writing)
        writing.flush()
        give_rights(writing.fileno(), like, found)
        os.fsync(writing.fileno())


def _new(draft: Spot) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _OPEN
    return os.open(draft.name, flags, 0o600, dir_fd=draft.directory)
