"""The canary: a small file with its own digest, new in each backup, that a drill restores."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from deeprig_host.machine.commands import Machine
from deeprig_host.machine.durable import place_file

_FIRST = "deeprig canary 1"
_PAYLOAD_BYTES = 1024


class BadCanary(Exception):
    """A canary that is not what was written."""


@dataclass(frozen=True, slots=True)
class Canary:
    """What a canary says: of which host it is, and when it was written (seconds since 1970)."""

    host: str
    time: int
    sha256: str


def write_canary(machine: Machine, place: str, host: str, now: float) -> Canary:
    """Write a new canary and return it."""
    payload = secrets.token_hex(_PAYLOAD_BYTES)
    body = f"{_FIRST}\nhost {host}\ntime {int(now)}\npayload {payload}\n".encode()
    digest = hashlib.sha256(body).hexdigest()
    place_file(machine.path(place), body + f"sha256 {digest}\n".encode(), 0o600)
    return Canary(host, int(now), digest)


def read_canary(content: bytes) -> Canary:
    """Return what a restored canary says. Raise BadCanary where a byte of it is not right."""
    body, mark, digest = content.rpartition(b"sha256 ")
    found = hashlib.sha256(body).hexdigest()
    if not mark or digest != f"{found}\n".encode():
        raise BadCanary("the canary is not what was written: its digest differs")
    lines = body.decode("utf-8", "replace").splitlines()
    told = dict(line.partition(" ")[::2] for line in lines[1:])
    if lines[:1] != [_FIRST] or not told.get("time", "").isdigit() or "host" not in told:
        raise BadCanary(f"this is no canary of {_FIRST!r}")
    return Canary(told["host"], int(told["time"]), found)
