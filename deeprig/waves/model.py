"""A rollout: its policy, its hosts, its waves, and how far it is. Its JSON is public (docs)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from deeprig.report.decode import decode
from deeprig.report.encode import encode

SCHEMA = "deeprig.rollout/1"
#: ``running`` says so also of a controller that was killed: whether one lives is asked apart.
Status = Literal[
    "running",
    "paused",
    "interrupted",
    "outside window",
    "incomplete",
    "done",
    "stopped",
    "aborted",
]
#: What can be gone on with. ``incomplete``: hosts were unreachable, and are left for later.
RESUMABLE = ("running", "paused", "interrupted", "outside window", "incomplete")
#: What keeps its hosts from every other rollout.
OPEN = ("running", "paused", "interrupted", "outside window")
#: ``applied``: changed in a rollout without a gate, so that nothing proves it.
HostState = Literal["waiting", "working", "good", "applied", "failed", "unreachable", "put back"]
GOOD = ("good", "applied")
#: ``unproven``: none of its hosts answered. The first five are under way, the others its end.
Step = Literal[
    "draining",
    "changing",
    "proving",
    "returning",
    "putting back",
    "passed",
    "unproven",
    "stopped",
]
ENDED = ("passed", "unproven", "stopped")


@dataclass(frozen=True, slots=True)
class Policy:
    """How a rollout goes, in numbers of hosts. ``canary_hosts`` empty: the first so many."""

    canary_count: int
    canary_hosts: tuple[str, ...]
    growth: float
    wave_size: int | None
    max_unavailable: int
    max_fail: int
    gate: Literal["none", "smoke", "acceptance"]
    rollback: Literal["wave", "none"]
    windows: tuple[str, ...] = ()
    time_zone: str | None = None
    expected_wave_minutes: float | None = None


@dataclass(frozen=True, slots=True)
class Supply:
    """A bundle: where it is, and the SHA-256 of its manifest, which names every file by its own."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for, so that a resumed rollout does the same.

    ``bundle`` is what everything comes from, None the network.
    """

    command: Literal["apply", "update"]
    roles: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    reboot: Literal["when-needed", "never"] | None = None
    update: Mapping[str, Any] = field(default_factory=dict)
    bundle: Supply | None = None


@dataclass(frozen=True, slots=True)
class HostRecord:
    """One host of a rollout. ``put_back`` tells what became of putting it back, if it was tried.

    ``is_drained``: its command before was begun and the one after has not succeeded.
    ``is_touched``: a change of it was begun.
    """

    host: str
    state: HostState = "waiting"
    wave: int | None = None
    reason: str | None = None
    is_drained: bool = False
    is_touched: bool = False
    put_back: str | None = None


@dataclass(frozen=True, slots=True)
class WaveRecord:
    """One wave. Its reports are files beside the state; times are ISO 8601 in UTC."""

    number: int
    hosts: tuple[str, ...]
    step: Step = "draining"
    is_canary: bool = False
    reason: str | None = None
    started: str = ""
    finished: str | None = None
    seconds: float = 0.0
    reports: tuple[str, ...] = ()
    back_reports: tuple[str, ...] = ()

    @property
    def has_ended(self) -> bool:
        """Say whether nothing more happens in it."""
        return self.step in ENDED

    @property
    def has_failed(self) -> bool:
        """Say whether it stops the rollout: it is put back, or was."""
        return self.reason is not None


@dataclass(frozen=True, slots=True)
class Controller:
    """The process that leads a rollout, as the kernel knows it (proc(5): ``start`` in ticks)."""

    machine: str
    boot: str
    pid: int
    start: str
    since: str


@dataclass(frozen=True, slots=True)
class Rollout:
    """One rollout. ``declared`` is the digest of what is rolled out; a changed one is refused."""

    id: str
    status: Status
    inventory: str
    version: str
    started: str
    declared: str
    asked: Asked
    policy: Policy
    hosts: tuple[HostRecord, ...]
    waves: tuple[WaveRecord, ...] = ()
    reason: str | None = None
    finished: str | None = None
    controller: Controller | None = None
    resumed: int = 0

    @property
    def wave(self) -> WaveRecord | None:
        """Return the wave under way, None between waves."""
        last = self.waves[-1] if self.waves else None
        return last if last is not None and not last.has_ended else None

    def host(self, name: str) -> HostRecord:
        """Return a host's record. Raise KeyError for a host that is not of this rollout."""
        for record in self.hosts:
            if record.host == name:
                return record
        raise KeyError(name)

    def in_state(self, *states: str) -> tuple[str, ...]:
        """Return the names of the hosts in any of these states, in the rollout's order."""
        return tuple(record.host for record in self.hosts if record.state in states)

    def with_hosts(self, names: tuple[str, ...], **changes: Any) -> Rollout:
        """Return it with the same changes made to the records of these hosts."""
        wanted = frozenset(names)
        records = (replace(r, **changes) if r.host in wanted else r for r in self.hosts)
        return replace(self, hosts=tuple(records))

    def with_wave(self, **changes: Any) -> Rollout:
        """Return it with changes made to its last wave."""
        return replace(self, waves=(*self.waves[:-1], replace(self.waves[-1], **changes)))

    def to_json(self) -> dict[str, Any]:
        """Return the public JSON object."""
        return {"schema": SCHEMA, **encode(self)}

    @classmethod
    def from_json(cls, data: Any) -> Rollout:
        """Return the rollout of a JSON object. Raise ValueError when it does not fit."""
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            raise ValueError("it is no rollout of this deeprig")
        return decode(cls, {key: value for key, value in data.items() if key != "schema"})
