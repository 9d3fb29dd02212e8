"""What ``diff-fleet`` found. Its JSON is public (docs/diff-fleet.md): ``deeprig.diff-fleet/1``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from deeprig.report.decode import decode
from deeprig.report.encode import encode

SCHEMA = "deeprig.diff-fleet/1"
HostStatus = Literal["read", "failed", "unreachable", "interrupted"]


@dataclass(frozen=True, slots=True)
class Unread:
    """What a host could not tell: with the key "", nothing of the section is known."""

    host: str
    section: str
    key: str
    why: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """What does not apply to a host."""

    host: str
    section: str
    why: str


@dataclass(frozen=True, slots=True)
class HostState:
    """How one host answered. ``note`` says what limits the answer."""

    host: str
    status: HostStatus
    reason: str | None = None
    remedy: str | None = None
    note: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Variant:
    """A value and the hosts that have it; None: it is not there."""

    value: str | None
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A key in which hosts differ.

    ``common`` is what most hosts have, or the host has that the others are compared with; None
    where no value has more hosts than every other. ``others`` are the rest, most hosts first.
    ``unknown`` are hosts of which it is not known: equal to nobody.
    """

    section: str
    key: str
    common: Variant | None
    others: tuple[Variant, ...]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FleetReport:
    """One ``diff-fleet``. Times are ISO 8601 in UTC.

    ``compared`` is the number of keys that were compared; ``against`` the host that was given.
    """

    command: ClassVar[Literal["diff-fleet"]] = "diff-fleet"
    started: str
    finished: str
    seconds: float
    version: str
    inventory: str
    sections: tuple[str, ...]
    against: str | None
    ignored: tuple[str, ...]
    compared: int
    hosts: tuple[HostState, ...]
    differences: tuple[Difference, ...]
    unread: tuple[Unread, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    exit_code: int = 0

    def with_exit_code(self, code: int) -> FleetReport:
        """Return the same report with its exit code."""
        return replace(self, exit_code=int(code))

    def to_json(self) -> dict[str, Any]:
        """Return the public JSON object."""
        return {"schema": SCHEMA, "command": self.command, **encode(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FleetReport:
        """Return the report of a JSON object. Raise ValueError when it does not fit."""
        if (data.get("schema"), data.get("command")) != (SCHEMA, cls.command):
            raise ValueError(f"unknown schema {data.get('schema')!r}")
        return decode(
            cls, {key: value for key, value in data.items() if key not in ("schema", "command")}
        )

    @property
    def read_hosts(self) -> tuple[str, ...]:
        """The hosts that answered."""
        return tuple(host.host for host in self.hosts if host.status == "read")
