"""Users and groups, and which keys may log in as whom: digests of public keys, no password."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

from deeprig_host.fleet.order import Order
from deeprig_host.fleet.told import Page

#: login.defs(5): smaller numbers are given to services in the order of their installation.
_FIRST_PERSON, _NOBODY = 1000, 65534
_KEYS = ".ssh/authorized_keys"
_LARGEST_BYTES = 1 << 20


def accounts(page: Page, order: Order) -> None:
    """Tell users with number, shell, login and keys; groups with number and members."""
    shadow = _shadow(page)
    for line in (page.text("/etc/passwd") or "").splitlines():
        name, _, uid, gid, _, home, shell = [*line.split(":"), *[""] * 7][:7]
        if not uid.isdigit():
            continue
        is_person = _is_person(int(uid))
        numbers = f"uid {uid} gid {gid} " if is_person else ""
        login = f" {shadow[name]}" if name in shadow else ""
        page.say(f"user {name}", f"{numbers}{home} {shell}{login}")
        if is_person or uid == "0":
            _keys(page, name, home, int(uid))
    for line in (page.text("/etc/group") or "").splitlines():
        name, _, gid, members = [*line.split(":"), *[""] * 4][:4]
        if gid.isdigit():
            number = f"gid {gid} " if _is_person(int(gid)) else ""
            people = ",".join(sorted(filter(None, members.split(","))))
            page.say(f"group {name}", f"{number}members: {people or 'none'}")


def _is_person(number: int) -> bool:
    return number >= _FIRST_PERSON and number != _NOBODY


def _shadow(page: Page) -> dict[str, str]:
    """Return of each user whether a password lets in, never anything of the password."""
    try:
        text = page.text("/etc/shadow")
    except PermissionError:
        page.lack("passwords", "/etc/shadow can be read by root only")
        return {}
    fields = (line.split(":") for line in (text or "").splitlines())
    return {field[0]: _password(field[1]) for field in fields if len(field) > 1}


def _password(field: str) -> str:
    if not field:
        return "no password needed"
    return "no password login" if field[0] in "!*" else "has a password"


def _keys(page: Page, name: str, home: str, uid: int) -> None:
    key = f"keys of {name}"
    path = page.machine.path(f"{home}/{_KEYS}")
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        page.say(key, "none")
        return
    except OSError as error:
        page.lack(key, f"{home}/{_KEYS}: {error.strerror}")
        return
    # It lies in a user's own directory: a link or a fifo may lead us anywhere, or hold us.
    if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST_BYTES:
        page.say(key, "no regular file")
        return
    try:
        page.say(key, _digest(path))
    except OSError as error:
        page.lack(key, f"{home}/{_KEYS}: {error.strerror}")


def _digest(path: Path) -> str:
    """Return how many keys there are, and a digest of them that no order and comment changes."""
    lines = path.read_text("utf-8", "replace").splitlines()
    words = (line.split() for line in lines if line.strip() and not line.startswith("#"))
    keys = sorted({" ".join(line[:-1] if len(line) > 2 else line) for line in words})
    text = "\n".join(keys)
    return f"{len(keys)}, {hashlib.sha256(text.encode()).hexdigest()[:16]}" if keys else "none"
