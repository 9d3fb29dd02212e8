"""Files that decide how a machine behaves: owner, mode, and a digest of what everybody may read.

What its mode closes to others may hold a secret: of that not even a digest leaves the machine.
"""

from __future__ import annotations

import grp
import hashlib
import os
import pwd
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from deeprig_host.fleet.order import Order
from deeprig_host.fleet.told import Page

#: Where administrators and packages leave what changes a machine's behaviour.
_DIRECTORIES = (
    *("/etc/apt/apt.conf.d", "/etc/apt/preferences.d", "/etc/apt/sources.list.d"),
    *("/etc/apt/keyrings", "/etc/apt/trusted.gpg.d", "/etc/cron.d", "/etc/deeprig"),
    *("/etc/default", "/etc/ld.so.conf.d", "/etc/modprobe.d", "/etc/modules-load.d"),
    *("/etc/needrestart/conf.d", "/etc/profile.d", "/etc/security/limits.d", "/etc/ssh"),
    *("/etc/sudoers.d", "/etc/sysctl.d", "/etc/systemd", "/etc/udev/rules.d", "/etc/X11"),
    *("/opt/deeprig/programs", "/usr/local/bin", "/usr/local/sbin"),
)
_FILES = (
    *("/etc/apt/sources.list", "/etc/docker/daemon.json", "/etc/environment", "/etc/exports"),
    *("/etc/ld.so.conf", "/etc/nsswitch.conf", "/etc/pip.conf", "/etc/sudoers"),
    *("/etc/sysctl.conf", "/etc/crontab", "/etc/pam.d/common-session", "/etc/pam.d/sshd"),
)
#: Every machine's own by nature, so that they say nothing.
_OWN = re.compile(r"/etc/ssh/ssh_host_.*_key(\.pub)?")
_LARGEST_BYTES = 32 << 20
_MOST_FILES = 5000


def files(page: Page, order: Order) -> None:
    """Tell the files by path: ``root:root 644`` and the beginning of their SHA-256."""
    own = _own_names(order.names)
    paths = dict.fromkeys((*_FILES, *order.files, *_below(page, _DIRECTORIES)))
    for count, path in enumerate(paths):
        if count >= _MOST_FILES:
            page.lack("", f"there are more than {_MOST_FILES} files")
            return
        if not _OWN.fullmatch(path):
            _file(page, path, own)


def _file(page: Page, path: str, own: re.Pattern[bytes] | None) -> None:
    place = page.machine.path(path)
    try:
        found = place.lstat()
        if stat.S_ISLNK(found.st_mode):
            page.say(path, f"link to {place.readlink()}")
        elif stat.S_ISREG(found.st_mode):
            page.say(path, f"{_owner(found)} {_content(place, found, own)}")
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        page.lack(path, str(error.strerror))


def _content(place: Path, found: os.stat_result, own: re.Pattern[bytes] | None) -> str:
    if not found.st_mode & stat.S_IROTH:
        return "closed to others, content not compared"
    if found.st_size > _LARGEST_BYTES:
        return f"{found.st_size} bytes, content not compared"
    content = place.read_bytes()
    told = content if own is None else own.sub(b"HOST", content)
    return f"sha256 {hashlib.sha256(told).hexdigest()[:16]}"


def _owner(found: os.stat_result) -> str:
    return f"{_user(found.st_uid)}:{_group(found.st_gid)} {stat.S_IMODE(found.st_mode):o}"


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _below(page: Page, directories: Iterable[str]) -> Iterable[str]:
    """Yield the files below directories; links are files here, and never followed."""
    for directory in directories:
        root = page.machine.path(directory)
        for parent, inner, names in os.walk(root, onerror=lambda error: _untold(page, error)):
            inner.sort()
            links = [name for name in inner if Path(parent, name).is_symlink()]
            below = os.path.relpath(parent, root)
            start = directory if below == "." else f"{directory}/{below}"
            yield from (f"{start}/{name}" for name in sorted((*names, *links)))


def _untold(page: Page, error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        page.lack(str(error.filename), str(error.strerror))


def _own_names(names: Iterable[str]) -> re.Pattern[bytes] | None:
    """Return what finds the machine's own names as whole words; longer ones first."""
    words = sorted({*names, os.uname().nodename} - {"", "localhost"}, key=len, reverse=True)
    found = b"|".join(re.escape(word.encode()) for word in words)
    return re.compile(rb"(?<![\w.-])(?:" + found + rb")(?![\w-])") if found else None
