"""Hand restored files over to the numbers that their owners have on this machine.

As tar(1) and rsync(1) do it by name; restic restores numbers only. It works on a scratch directory
that nobody else can reach, before anything is put in its place.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_ACLS = ("system.posix_acl_access", "system.posix_acl_default")
_CAPABILITY = "security.capability"
#: linux/posix_acl_xattr.h: a version, then entries of tag, permissions and number, little endian.
_ACL_HEADER, _ACL_ENTRY, _ACL_VERSION = struct.Struct("<I"), struct.Struct("<HHI"), 2
_ACL_USER, _ACL_GROUP = 0x02, 0x08
_SPECIAL = stat.S_ISUID | stat.S_ISGID


@dataclass(frozen=True, slots=True)
class Owners:
    """Numbers of users and groups that are others on this machine: old to new."""

    users: Mapping[int, int] = field(default_factory=dict)
    groups: Mapping[int, int] = field(default_factory=dict)

    @property
    def is_same(self) -> bool:
        """Say whether every number stays what it was."""
        return not self.users and not self.groups

    def of(self, uid: int, gid: int) -> tuple[int, int]:
        """Return what a pair of numbers is here."""
        return self.users.get(uid, uid), self.groups.get(gid, gid)


SAME_OWNERS = Owners()


def hand_over(top: Path, owners: Owners) -> int:
    """Give all below ``top`` the owners of here, in its access lists too; return how many changed.

    Nothing is done twice: numbers may be swapped, and a file may have several names. Raise OSError.
    """
    if owners.is_same:
        return 0
    seen: set[tuple[int, int]] = set()
    return sum(_hand_over(path, owners, seen) for path in _all_below(top))


def _all_below(top: Path) -> Iterator[str]:
    waiting = [os.fspath(top)]
    while waiting:
        directory = waiting.pop()
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                yield entry.path


def _hand_over(path: str, owners: Owners, seen: set[tuple[int, int]]) -> bool:
    found = os.lstat(path)
    is_directory = stat.S_ISDIR(found.st_mode)
    if found.st_nlink > 1 and not is_directory:
        if (found.st_dev, found.st_ino) in seen:
            return False
        seen.add((found.st_dev, found.st_ino))
    is_changed = _change_owner(path, found, owners)
    if is_directory or stat.S_ISREG(found.st_mode):
        # A list's own number stands in the way of nothing: it is changed whoever owns the file.
        for name in _ACLS if is_directory else _ACLS[:1]:
            is_changed |= _change_list(path, name, owners)
    return is_changed


def _change_owner(path: str, found: os.stat_result, owners: Owners) -> bool:
    old = (found.st_uid, found.st_gid)
    new = owners.of(*old)
    if new == old:
        return False
    is_file = stat.S_ISREG(found.st_mode)
    capability = _attribute(path, _CAPABILITY) if is_file else None
    os.chown(path, *new, follow_symlinks=False)
    # chown(2) takes these away.
    if is_file and found.st_mode & _SPECIAL:
        Path(path).chmod(stat.S_IMODE(found.st_mode))
    if capability is not None:
        os.setxattr(path, _CAPABILITY, capability, follow_symlinks=False)
    return True


def _change_list(path: str, name: str, owners: Owners) -> bool:
    old = _attribute(path, name)
    new = None if old is None else mapped_list(old, owners)
    if new is None or new == old:
        return False
    os.setxattr(path, name, new, follow_symlinks=False)
    return True


def mapped_list(content: bytes, owners: Owners) -> bytes:
    """Return an access control list with the numbers of here; one of an unknown form as it is."""
    if content[:4] != _ACL_HEADER.pack(_ACL_VERSION) or (len(content) - 4) % _ACL_ENTRY.size:
        return content
    entries = [
        (tag, permissions, _mapped(tag, number, owners))
        for tag, permissions, number in _ACL_ENTRY.iter_unpack(content[4:])
    ]
    # The kernel takes named entries in any order (posix_acl_valid in fs/posix_acl.c).
    return content[:4] + b"".join(_ACL_ENTRY.pack(*entry) for entry in entries)


def _mapped(tag: int, number: int, owners: Owners) -> int:
    numbers = {_ACL_USER: owners.users, _ACL_GROUP: owners.groups}.get(tag, {})
    return numbers.get(number, number)


def _attribute(path: str, name: str) -> bytes | None:
    with contextlib.suppress(FileNotFoundError):
        try:
            return os.getxattr(path, name, follow_symlinks=False)
        except OSError as error:
            if error.errno not in (errno.ENODATA, errno.ENOTSUP):
                raise
    return None
