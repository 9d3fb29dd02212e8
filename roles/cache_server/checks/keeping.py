"""What the cache keeps stays within its bounds; what it saved is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deeprig.verify.checks import Checks
from roles.cache_server.places import LOG_FILE, OUT_SERVICE, WEB_SERVICE
from roles.cache_server.settings import CacheServerSettings

_GIB = 1 << 30
#: nginx removes after it has written, ten times a second at most (proxy_cache_path, manager_*).
_SLACK = 1.05
_LINES = 20_000


def test_it_keeps_within_its_bounds(
    host: Any, settings: CacheServerSettings, check: Checks
) -> None:
    """The files take no more than declared, and leave the disk the room that is declared."""
    if not settings.upstreams:
        pytest.skip("no upstream is declared: this host is no cache")
    du = host.run("du -s --block-size=1 %s", settings.directory)
    taken = _first_number(du.stdout)
    told = du.stderr.strip() if taken is None else f"{taken / _GIB:.2f} of {settings.size_gib} GiB"
    is_within = None if taken is None else taken <= settings.size_gib * _GIB * _SLACK
    check("the cache is within its size", is_within, told)
    df = host.run("df --block-size=1 --output=avail %s | tail -n 1", settings.directory)
    free = _first_number(df.stdout)
    told = df.stderr.strip() if free is None else f"{free / _GIB:.1f} GiB free"
    has_room = None if free is None else free >= settings.minimum_free_gib * _GIB
    check("its disk has room", has_room, told)


def test_what_it_saved_is_told(host: Any, settings: CacheServerSettings, check: Checks) -> None:
    """How much of what it gave out came from outside, of its last answers; a bad log fails."""
    if not settings.upstreams:
        pytest.skip("no upstream is declared: this host is no cache")
    if not host.file(LOG_FILE).exists:
        check("the cache writes its log", None, f"there is no {LOG_FILE}")
        return
    lines = host.run("tail -n %s %s", str(_LINES), LOG_FILE).stdout.splitlines()
    try:
        sent, outside = totals(lines)
    except (ValueError, KeyError, TypeError) as error:
        check("the cache writes its log", False, f"{LOG_FILE}: {error!r}")
        return
    told = f"{sent / _GIB:.2f} GiB given out, {outside / _GIB:.2f} GiB fetched from outside"
    check("what the cache saved", True, told, data={"sent": sent, "outside": outside})


def totals(lines: list[str]) -> tuple[int, int]:
    """Return the bytes given out and those fetched for them. Raise ValueError and its kin.

    The slices of one answer are lines of one id: what was sent grows, what was fetched adds up.
    """
    sent: dict[str, int] = {}
    outside = 0
    for line in lines:
        told = json.loads(line)
        one = told["id"]
        sent[one] = max(sent.get(one, 0), int(told["sent_bytes"]))
        outside += sum(int(part) for part in told["outside_bytes"].split(",") if part.strip(" :-"))
    return sum(sent.values()), outside


def test_nothing_is_served_where_nothing_is_declared(
    host: Any, settings: CacheServerSettings, check: Checks
) -> None:
    """A host that is no cache serves nothing."""
    if settings.upstreams:
        return
    running = [
        service
        for service in (WEB_SERVICE, OUT_SERVICE)
        if host.run("systemctl is-active --quiet %s", service).rc == 0
    ]
    check("no cache runs", not running, ", ".join(running) or "nothing")


def _first_number(text: str) -> int | None:
    word = next(iter(text.split()), "")
    return int(word) if word.isdigit() else None
