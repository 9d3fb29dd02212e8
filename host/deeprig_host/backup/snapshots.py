"""What restic tells of snapshots and of what lies in them (``--json``, 0.14 and later)."""

from __future__ import annotations

import calendar
import re
import stat
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from deeprig_host.backup.schedule import CLOCK_SLACK_SECONDS
from deeprig_host.machine.refusal import Refused

_T = TypeVar("_T")
LATEST = "latest"
_SECOND_NS = 1_000_000_000
_TIME = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$")
#: Go's os.FileMode has these bits elsewhere than the kernel (pkg.go.dev/io/fs#FileMode).
_GO_BITS = ((1 << 23, stat.S_ISUID), (1 << 22, stat.S_ISGID), (1 << 20, stat.S_ISVTX))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One backup in a repository; ``time_ns`` is when it began, since the epoch.

    ``original`` is the id that it had before its tags were changed, empty where they never were.
    """

    id: str
    time_ns: int
    host: str
    paths: tuple[str, ...]
    tags: tuple[str, ...] = ()
    original: str = ""

    @property
    def short_id(self) -> str:
        """Return the id as restic shows it to people."""
        return self.id[:8]


@dataclass(frozen=True, slots=True)
class Node:
    """A file, directory or link in a snapshot; ``kind`` is restic's word for what it is."""

    path: str
    kind: str
    size_bytes: int
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    ctime_ns: int

    @property
    def is_nameable(self) -> bool:
        """Say whether JSON could carry the name: bytes that are no UTF-8 become U+FFFD there."""
        return "\ufffd" not in self.path


def parse_snapshots(rows: Iterable[Any]) -> tuple[Snapshot, ...]:
    """Return the snapshots, oldest first. Raise Refused on what restic never answers."""
    found = [_parse(_snapshot, row) for row in rows]
    return tuple(sorted(found, key=lambda snapshot: snapshot.time_ns))


def parse_node(row: Any) -> Node:
    """Return one line of ``restic ls``. Raise Refused on what restic never answers."""
    return _parse(_node, row)


def choose(snapshots: Sequence[Snapshot], wanted: str, host: str) -> Snapshot:
    """Return the snapshot with an id that begins so, or the newest of ``host``.

    ``restic ls`` exits with 0 on an id that is not there (0.14), and "latest" may be another
    machine's: so it is chosen here. One that is dated into the future is of a clock that was wrong
    and would be the newest for years: it is only chosen by its id. Raise Refused where there is
    none, or more than one.
    """
    if wanted == LATEST:
        latest_ns = time.time_ns() + CLOCK_SLACK_SECONDS * _SECOND_NS
        own = (snapshot for snapshot in snapshots if snapshot.host == host)
        fitting = [snapshot for snapshot in own if snapshot.time_ns <= latest_ns][-1:]
    else:
        fitting = [snapshot for snapshot in snapshots if wanted and snapshot.id.startswith(wanted)]
    if len(fitting) == 1:
        return fitting[0]
    raise Refused(
        f"{len(fitting) or 'no'} snapshots fit {wanted!r}"
        + (f" of host {host!r}" if wanted == LATEST else ""),
        evidence=tuple(f"{one.short_id} of {one.host}" for one in (fitting or snapshots)[-5:]),
        remedy="name one by its id: `backup list` shows them",
    )


def parse_time_ns(text: str) -> int:
    """Return nanoseconds since the epoch of an RFC 3339 time. Raise ValueError on another text.

    datetime would lose the nanoseconds that tell a changed file from an unchanged one.
    """
    found = _TIME.match(text)
    if not found:
        raise ValueError(f"{text!r:.60} is no time")
    seconds = calendar.timegm(time.strptime(found[1], "%Y-%m-%dT%H:%M:%S"))
    if found[3]:
        offset = int(found[4]) * 3600 + int(found[5]) * 60
        seconds -= offset if found[3] == "+" else -offset
    return seconds * _SECOND_NS + int((found[2] or "").ljust(9, "0"))


def pattern_of(path: str) -> str:
    """Return the pattern of ``--include`` that matches this path only and what is below it."""
    return re.sub(r"([\\*?\[])", r"\\\1", path)


def _parse(maker: Callable[[Any], _T], row: Any) -> _T:
    try:
        return maker(row)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refused(
            "restic answered something that this program does not know",
            evidence=(f"{row!r:.200}", f"{type(error).__name__}: {error}"),
            remedy="compare `restic version` with what deeprig supports (0.14 and later)",
            outcome="failed",
        ) from error


def _snapshot(row: Any) -> Snapshot:
    paths, tags = tuple(row["paths"]), tuple(row.get("tags") or ())
    original = row.get("original") or ""
    return Snapshot(row["id"], parse_time_ns(row["time"]), row["hostname"], paths, tags, original)


def _node(row: Any) -> Node:
    return Node(
        path=row["path"],
        kind=row["type"],
        size_bytes=int(row.get("size", 0)),
        mode=_mode(int(row.get("mode", 0))),
        uid=int(row["uid"]),
        gid=int(row["gid"]),
        mtime_ns=parse_time_ns(row["mtime"]),
        ctime_ns=parse_time_ns(row["ctime"]),
    )


def _mode(go_mode: int) -> int:
    """Return the permission bits as chmod(2) takes them."""
    return (go_mode & 0o777) | sum(bit for go_bit, bit in _GO_BITS if go_mode & go_bit)
