"""What a key of ``backup.conf`` may hold: parsers that raise BadValue with reason and remedy."""

from __future__ import annotations

import os.path
import re
import shlex
from urllib.parse import urlsplit

from deeprig_host.backup.declared import FROM_ENVIRONMENT
from deeprig_host.backup.reach import ssh_target, uses_ssh
from deeprig_host.machine.values import BadValue, Parse, number, one_of, whole

_SUBSET = re.compile(r"(?:100|[1-9]?\d(?:\.\d+)?)%|([1-9]\d{0,3})/([1-9]\d{0,3})|\d+[KMGT]?")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_SCHEMES = ("sftp:", "rclone+ssh:", "rest:", "s3:", "local:")
#: It stands in a command line that restic splits.
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9_./@+-]*")
_YEARS_HOURS = 24 * 366


def words(text: str) -> tuple[str, ...]:
    """Return words that are separated by blanks; quotes keep blanks in a word."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise BadValue((f"{text!r}: {error}", "close the quotes")) from error


def path(text: str) -> str:
    """Return an absolute path in its one spelling."""
    if not text.startswith("/"):
        raise BadValue((f"{text!r} is no absolute path", "give /path/to/it"))
    return "/" + os.path.normpath(text).lstrip("/")


def plain_path(text: str) -> str:
    """Return an absolute path without blanks and quotes."""
    if not _PLAIN_PATH.fullmatch(text):
        remedy = "give an absolute path of letters, digits and _ . @ + -"
        raise BadValue((f"{text!r} cannot be part of a command", remedy))
    return path(text)


def paths(text: str) -> tuple[str, ...]:
    """Return absolute paths, separated by blanks."""
    found = tuple(path(word) for word in words(text))
    twice = sorted({one for one in found if found.count(one) > 1})
    if twice:
        raise BadValue((f"{' '.join(twice)} stands twice", "name it once"))
    return found


def patterns(text: str) -> tuple[str, ...]:
    """Return restic's patterns, separated by blanks. Those that take back others are refused."""
    found = words(text)
    if any(one.startswith("!") for one in found):
        raise BadValue(("a pattern begins with '!'", "leave out what should be kept instead"))
    return found


def yes_no(text: str) -> bool:
    """Return whether it is yes."""
    return bool(one_of("yes", "no")(text) == "yes")


def checkpoints(text: str) -> int | None:
    """Return how many of the newest step checkpoints are kept, None for all."""
    return None if text == "all" else int(whole(1, 1000, "checkpoints, or all")(text))


def url(text: str) -> str:
    """Return a restic repository. A password in it is refused: this file is no secret."""
    if text == FROM_ENVIRONMENT or text.startswith("/"):
        return text
    if not text.startswith(_SCHEMES):
        kinds = "an absolute path, sftp:, rclone+ssh:, rest: or s3:"
        raise BadValue((f"{text!r} is no repository", f"give {kinds}, or {FROM_ENVIRONMENT}"))
    if uses_ssh(text) and ssh_target(text) is None:
        forms = "give sftp://user@host[:port]//path or rclone+ssh://user@host[:port]"
        raise BadValue((f"{text!r} names no server and place", forms))
    scheme, _, rest = text.partition(":")
    try:
        has_password = urlsplit(rest if "//" in rest else f"//{rest}").password is not None
    except ValueError as error:
        raise BadValue((f"the URL cannot be read: {error}", "give scheme:place")) from error
    if has_password and scheme in ("rest", "s3"):
        remedy = "write RESTIC_REPOSITORY=URL into environment_file, and url = environment here"
        raise BadValue(("the URL holds a password", remedy))
    return text


def subset(text: str) -> str:
    """Return what restic's ``--read-data-subset`` takes: 5%, 1/12 or 500M."""
    found = _SUBSET.fullmatch(text)
    if not found or (found[1] and int(found[1]) > int(found[2])) or text in ("0%", "0"):
        raise BadValue((f"{text!r} is no share of the data", "give 5%, 1/12 or 500M"))
    return text


def clock(text: str) -> int:
    """Return the minutes after midnight of HH:MM."""
    found = _CLOCK.fullmatch(text)
    if not found:
        raise BadValue((f"{text!r} is no time of day", "give HH:MM, such as 01:00"))
    return int(found[1]) * 60 + int(found[2])


#: The keys of each section, as Backup and Repository name them.
BACKUP_KEYS: dict[str, Parse] = {
    "sources": paths,
    "mounts": paths,
    "may_be_empty": paths,
    "exclude": patterns,
    "exclude_datasets": yes_no,
    "keep_checkpoints": checkpoints,
    "conda": paths,
    "tag": str,
    "nice": whole(0, 19, "(nice)"),
    "io_class": one_of("idle", "best-effort"),
    "canary": path,
}
RETENTION_KEYS: dict[str, Parse] = {
    f"keep_{kind}": whole(0, 10_000, "snapshots") for kind in ("last", "daily", "weekly", "monthly")
}
REPOSITORY_KEYS: dict[str, Parse] = RETENTION_KEYS | {
    "url": url,
    "password_file": path,
    "environment_file": path,
    "ssh_key_file": plain_path,
    "known_hosts_file": plain_path,
    "ca_file": path,
    "create": yes_no,
    "mounts": paths,
    "limit_upload_kib": whole(0, 100_000_000, "KiB/s"),
    "prune": one_of("here", "elsewhere"),
    "check_subset": subset,
    "maximum_age_hours": number(1, _YEARS_HOURS, "hours"),
    "period_hours": number(0.25, _YEARS_HOURS, "hours"),
    "check_period_hours": number(0, _YEARS_HOURS, "hours"),
    "drill_period_hours": number(0, _YEARS_HOURS, "hours"),
    "at": clock,
    "jitter_minutes": whole(0, 24 * 60, "minutes"),
    "retry_minutes": whole(1, 24 * 60, "minutes"),
    "lock_wait_minutes": number(0, 24 * 60, "minutes"),
    "longest_hours": number(0.01, 24 * 14, "hours"),
}
