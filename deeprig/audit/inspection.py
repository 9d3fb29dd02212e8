"""What ``inspect`` found on the hosts. Its JSON is public (docs/json.md): ``deeprig.inspect/1``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

from deeprig.audit.grade import Audit
from deeprig.report.decode import decode
from deeprig.report.encode import encode

SCHEMA = "deeprig.inspect/1"
InspectionStatus = Literal["graded", "failed", "unreachable", "interrupted"]


@dataclass(frozen=True, slots=True)
class HostInspection:
    """One host: what its collector said, what was declared for it, and the audit of both.

    ``facts`` is the collector's own document (``deeprig.hardware/1``), which ``--facts`` grades
    again. ``is_root`` None: from a recorded file, or the host was not asked.
    """

    host: str
    status: InspectionStatus
    reason: str | None = None
    remedy: str | None = None
    is_root: bool | None = None
    note: str | None = None
    declared: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] | None = None
    audit: Audit | None = None
    seconds: float = 0.0

    def __post_init__(self) -> None:
        """Raise ValueError for a host that is graded without an audit, or has one and is not."""
        if (self.status == "graded") != (self.audit is not None):
            raise ValueError(f"host {self.host} is {self.status!r}, which its audit contradicts")

    @property
    def failed_rules(self) -> tuple[str, ...]:
        """The rules that failed for the declared use."""
        findings = self.audit.findings if self.audit else ()
        return tuple(finding.rule for finding in findings if finding.outcome == "fail")


@dataclass(frozen=True, slots=True)
class InspectReport:
    """One ``inspect``. Times are ISO 8601 in UTC; ``inventory`` None: files were graded."""

    command: ClassVar[Literal["inspect"]] = "inspect"
    started: str
    finished: str
    seconds: float
    version: str
    inventory: str | None
    hosts: tuple[HostInspection, ...]
    exit_code: int = 0

    def with_exit_code(self, code: int) -> InspectReport:
        """Return the same report with its exit code."""
        return replace(self, exit_code=int(code))

    def to_json(self) -> dict[str, Any]:
        """Return the public JSON object."""
        return {"schema": SCHEMA, "command": self.command, **encode(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> InspectReport:
        """Return the report of a JSON object. Raise ValueError when it does not fit."""
        if (data.get("schema"), data.get("command")) != (SCHEMA, cls.command):
            raise ValueError(f"unknown schema {data.get('schema')!r}")
        return decode(
            cls, {key: value for key, value in data.items() if key not in ("schema", "command")}
        )
