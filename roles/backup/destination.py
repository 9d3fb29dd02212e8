"""Where a repository is: the forms of URL that the backup program on the host takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

Kind = Literal["local", "sftp", "rclone+ssh", "rest", "s3"]
FORMS = (
    "/path, sftp://user@host[:port]//path, rclone+ssh://user@host[:port], "
    "rest:https://host:port/path/ or s3:https://host/bucket/path"
)
_SSH_PORT = 22
#: As in deeprig_host.backup.reach: a host that begins with a dash would be an option of ssh's.
_USER = r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?"
_HOST = r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_][A-Za-z0-9_.-]*)"
_PORT = r"(?::(?P<port>[1-9]\d{0,4}))?"
_FORMS: dict[Kind, tuple[re.Pattern[str], ...]] = {
    "local": (re.compile(r"(local:)?/.+"),),
    "sftp": (
        re.compile(rf"sftp://{_USER}{_HOST}{_PORT}/.+"),
        re.compile(rf"sftp:(?!//){_USER}{_HOST}:.+"),
    ),
    "rclone+ssh": (re.compile(rf"rclone\+ssh://{_USER}{_HOST}{_PORT}/?"),),
    "rest": (re.compile(r"rest:https?://.+"),),
    "s3": (re.compile(r"s3:[^:/].+"),),
}


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL that was understood; ``host`` and ``port`` are those of ssh, empty and 0 without it."""

    kind: Kind
    host: str = ""
    port: int = 0

    @property
    def uses_ssh(self) -> bool:
        """Say whether it is reached over SSH."""
        return self.kind in ("sftp", "rclone+ssh")

    @property
    def uses_tls(self) -> bool:
        """Say whether a server's certificate has a say."""
        return self.kind in ("rest", "s3")

    @property
    def known_as(self) -> str:
        """Return how ssh looks the server up in a file of host keys (sshd(8))."""
        return self.host if self.port == _SSH_PORT else f"[{self.host}]:{self.port}"


def destination(url: str) -> Destination:
    """Return what a URL means. Raise ValueError; no message repeats it."""
    if not url.isprintable() or " " in url or "$" in url:
        raise ValueError("a repository's URL has no blanks, no $ and nothing unprintable")
    for kind, forms in _FORMS.items():
        for form in forms:
            found = form.fullmatch(url)
            if found:
                return _destination(kind, found)
    raise ValueError(f"this is no repository; take {FORMS}")


def has_password(url: str) -> bool:
    """Say whether a URL holds a password, or cannot be read, so that nobody knows."""
    _, _, rest = url.partition(":")
    try:
        return urlsplit(rest if "//" in rest else f"//{rest}").password is not None
    except ValueError:
        return True


def goes_readable(url: str) -> bool:
    """Say whether a password in a URL would cross a network in clear."""
    parts = urlsplit(url.partition(":")[2])
    return parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1")


def _destination(kind: Kind, found: re.Match[str]) -> Destination:
    groups = found.groupdict()
    if kind not in ("sftp", "rclone+ssh"):
        return Destination(kind)
    port = int(groups.get("port") or _SSH_PORT)
    if port > 65535:
        raise ValueError("there is no such port")
    return Destination(kind, groups["host"].strip("[]"), port)
