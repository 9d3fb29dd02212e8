"""What plan, apply and verify found. The JSON of these classes is public (docs/json.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

from deeprig.report.decode import decode
from deeprig.report.encode import encode

OperationStatus = Literal[
    "changed", "unchanged", "failed", "would change", "interrupted", "not run"
]
#: ``refused``: this host must not be given what is declared for it; nothing on it was changed.
HostStatus = Literal["ok", "failed", "refused", "unreachable", "interrupted"]
Outcome = Literal["pass", "fail", "unknown", "not applicable"]
Verdict = Literal["passed", "failed", "unreachable"]


@dataclass(frozen=True, slots=True)
class FileDiff:
    """A unified diff of one file, secrets masked."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class VersionMove:
    """Something that goes from one version to another; "" is none."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class OperationResult:
    """What one operation did (apply, update) or would do (plan), and why: its ``notes``."""

    role: str
    name: str
    status: OperationStatus
    seconds: float = 0.0
    commands: tuple[str, ...] = ()
    output: str = ""
    diffs: tuple[FileDiff, ...] = ()
    notes: tuple[str, ...] = ()
    moves: tuple[VersionMove, ...] = ()


@dataclass(frozen=True, slots=True)
class RoleRow:
    """One line of the closing table."""

    host: str
    role: str
    changed: int
    failed: int
    unchanged: int
    seconds: float


@dataclass(frozen=True, slots=True)
class HostRun:
    """What happened on one host. ``simulated`` names what on it stands in for the real thing.

    ``evaluated``: nothing was evaluated now, because nothing that the evaluation ended then (ISO
    8601, UTC) had read has changed since, on the host or at the controller (docs/recheck.md).
    """

    host: str
    status: HostStatus
    reason: str | None = None
    remedy: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    operations: tuple[OperationResult, ...] = ()
    seconds: float = 0.0
    in_operation: str | None = None
    simulated: tuple[str, ...] = ()
    round_trips: int | None = None
    evaluated: str | None = None

    def role_rows(self) -> tuple[RoleRow, ...]:
        """Return the counts per role, in the order the roles ran."""
        rows = []
        for role in dict.fromkeys(result.role for result in self.operations):
            mine = [result for result in self.operations if result.role == role]
            rows.append(
                RoleRow(
                    self.host,
                    role or "(no role)",
                    changed=sum(r.status in ("changed", "would change") for r in mine),
                    failed=sum(r.status == "failed" for r in mine),
                    unchanged=sum(r.status == "unchanged" for r in mine),
                    seconds=round(sum(r.seconds for r in mine), 1),
                )
            )
        return tuple(rows)

    @property
    def change_count(self) -> int:
        """Return how many operations changed, or would change, something."""
        return sum(row.changed for row in self.role_rows())


@dataclass(frozen=True, slots=True)
class RunReport:
    """One ``plan``, ``apply`` or ``update``. Times are ISO 8601 in UTC."""

    command: Literal["plan", "apply", "update"]
    started: str
    finished: str
    seconds: float
    version: str
    inventory: str
    hosts: tuple[HostRun, ...]
    exit_code: int = 0

    def with_exit_code(self, code: int) -> RunReport:
        """Return the same report with its exit code."""
        return replace(self, exit_code=int(code))

    def to_json(self) -> dict[str, Any]:
        """Return the public JSON object."""
        return {"schema": f"deeprig.{self.command}/1", **encode(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunReport:
        """Return the report of a JSON object. Raise ValueError when it does not fit."""
        _require_schema(data, "plan", "apply", "update")
        return decode(cls, {key: value for key, value in data.items() if key != "schema"})


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check of one host. ``evidence`` says what was seen, whether it passed or not."""

    host: str
    role: str
    name: str
    outcome: Outcome
    evidence: str = ""
    seconds: float = 0.0
    environment: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class HostVerification:
    """All checks of one host. Unknown is never a pass, and no check at all is no proof.

    ``gpu_count`` is the declared number of NVIDIA GPUs; None: none was declared.
    """

    host: str
    status: Verdict
    reason: str | None = None
    remedy: str | None = None
    checks: tuple[CheckResult, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    gpu_count: int | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a pass that the checks do not prove, wherever it comes from."""
        if self.status == "passed" and not _are_proof(self.checks):
            raise ValueError(f"host {self.host} cannot be passed: its checks do not prove it")

    @classmethod
    def of_checks(cls, host: str, checks: tuple[CheckResult, ...], **more: Any) -> HostVerification:
        """Return the verdict over checks: passed only with a pass and without fail or unknown."""
        reason = None
        if not checks:
            reason = "no check ran"
        elif all(check.outcome == "not applicable" for check in checks):
            reason = "no check applies to this host, so nothing is proven"
        status: Literal["passed", "failed"] = "passed" if _are_proof(checks) else "failed"
        return cls(host, status, reason=reason, checks=checks, **more)


def _are_proof(checks: tuple[CheckResult, ...]) -> bool:
    outcomes = {check.outcome for check in checks}
    return "pass" in outcomes and not outcomes & {"fail", "unknown"}


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """One ``verify``. Times are ISO 8601 in UTC."""

    command: ClassVar[Literal["verify"]] = "verify"
    started: str
    finished: str
    seconds: float
    version: str
    inventory: str
    hosts: tuple[HostVerification, ...]
    exit_code: int = 0

    def with_exit_code(self, code: int) -> VerifyReport:
        """Return the same report with its exit code."""
        return replace(self, exit_code=int(code))

    def to_json(self) -> dict[str, Any]:
        """Return the public JSON object."""
        return {"schema": "deeprig.verify/1", "command": self.command, **encode(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> VerifyReport:
        """Return the report of a JSON object. Raise ValueError when it does not fit."""
        _require_schema(data, "verify")
        return decode(
            cls, {key: value for key, value in data.items() if key not in ("schema", "command")}
        )


def _require_schema(data: Mapping[str, Any], *commands: str) -> None:
    """Raise ValueError unless the schema is known and is the one of the command."""
    schema, command = data.get("schema"), data.get("command")
    if schema not in [f"deeprig.{name}/1" for name in commands]:
        raise ValueError(f"unknown schema {schema!r}")
    if schema != f"deeprig.{command}/1":
        raise ValueError(f"schema {schema!r} is not the one of command {command!r}")
