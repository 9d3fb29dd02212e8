"""Open the directory that a restore goes to, through no link but root's own.

Root would otherwise write where whoever owns a link on the way sends it. A directory of a user is
no danger in itself: it is held open while what is below it is placed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from deeprig_host.machine.refusal import Refused

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
#: As the kernel (path_resolution(7)).
_MOST_LINKS = 40
_MODE = 0o755


def open_target(opened: contextlib.ExitStack, target: Path) -> int:
    """Return the open directory, made where it is missing. Raise OSError as ``walk`` does."""
    here = _walk(opened, target, makes=True)
    if here is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(target))
    return here


def check_target(target: Path) -> None:
    """Raise Refused where the way to a target is not root's to go; it need not be there."""
    try:
        with contextlib.ExitStack() as opened:
            _walk(opened, target, makes=False)
    except OSError as error:
        raise Refused(
            f"the target cannot be used: {error.filename or target}: {error.strerror}",
            remedy="name the directory itself, without links that are not root's",
        ) from error


def _walk(opened: contextlib.ExitStack, target: Path, *, makes: bool) -> int | None:
    """Go down from the root, part by part; None where a part is not there and none is made.

    Raise OSError, its ``filename`` the part, for a link that is not root's, for what is no
    directory, and for a circle of links.
    """
    top = os.open("/", _OPEN)
    opened.callback(os.close, top)
    here, followed, way = top, 0, list(target.parts[1:])[::-1]
    passed: list[str] = []
    while way:
        part = way.pop()
        shown = "/" + "/".join((*passed, part))
        try:
            found = os.stat(part, dir_fd=here, follow_symlinks=False)
        except FileNotFoundError:
            if not makes:
                return None
            os.mkdir(part, _MODE, dir_fd=here)
            found = os.stat(part, dir_fd=here, follow_symlinks=False)
        if stat.S_ISLNK(found.st_mode):
            followed += 1
            leads = _link(part, here, found, shown, followed)
            way += [one for one in leads.split("/")[::-1] if one not in ("", ".")]
            here, passed = (top, []) if leads.startswith("/") else (here, passed)
            continue
        here = _opened(opened, part, here, shown)
        passed = passed[:-1] if part == ".." else [*passed, part]
    return here


def _opened(opened: contextlib.ExitStack, part: str, above: int, shown: str) -> int:
    try:
        here = os.open(part, _OPEN, dir_fd=above)
    except OSError as error:
        is_other = error.errno in (errno.ENOTDIR, errno.ELOOP)
        words = "this is no directory" if is_other else error.strerror
        raise OSError(error.errno, words, shown) from error
    opened.callback(os.close, here)
    return here


def _link(part: str, above: int, found: os.stat_result, shown: str, followed: int) -> str:
    """Return where a link leads that only root could have put there. Raise OSError for another."""
    if followed > _MOST_LINKS:
        raise OSError(errno.ELOOP, "its links go in a circle", shown)
    if not _is_root_s(found, os.fstat(above)):
        raise OSError(errno.ELOOP, "this is a link that is not root's", shown)
    return os.readlink(part, dir_fd=above)


def _is_root_s(link: os.stat_result, directory: os.stat_result) -> bool:
    """Say whether nobody but root can put another in a link's place."""
    ours = (0, os.geteuid())
    is_writable = directory.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    is_shared = bool(is_writable and not directory.st_mode & stat.S_ISVTX)
    return link.st_uid in ours and directory.st_uid in ours and not is_shared
