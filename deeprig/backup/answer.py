"""What hosts answered: a document of each, its status, and the report of them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from deeprig.errors import ExitCode

#: ``left running``: we were told to stop asking, or lost the connection; the host goes on.
Status = Literal["good", "failed", "unreachable", "left running", "interrupted"]


@dataclass(frozen=True, slots=True)
class HostAnswer:
    """How a host answered. ``document`` is its own, cleaned; empty where it gave none."""

    host: str
    status: Status
    reason: str | None = None
    remedy: str | None = None
    seconds: float = 0.0
    unit: str | None = None
    document: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "host": self.host,
            "status": self.status,
            "reason": self.reason,
            "remedy": self.remedy,
            "seconds": self.seconds,
            "unit": self.unit,
            "document": dict(self.document) or None,
        }


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What one command of ``deeprig backup`` did on the hosts, in the inventory's order."""

    command: str
    started: str
    finished: str
    seconds: float
    version: str
    inventory: str
    hosts: tuple[HostAnswer, ...]
    was_interrupted: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """Return the worst: interrupted (130), failed (1), unreachable (3), good (0)."""
        statuses = {host.status for host in self.hosts}
        if self.was_interrupted:
            return ExitCode.INTERRUPTED
        if "failed" in statuses or not self.hosts:
            return ExitCode.FAILED
        return ExitCode.GOOD if statuses == {"good"} else ExitCode.UNREACHABLE

    def to_json(self) -> dict[str, Any]:
        """Return the document of the command."""
        return {
            "schema": f"deeprig.backup.{self.command}/1",
            "command": f"backup {self.command}",
            "started": self.started,
            "finished": self.finished,
            "seconds": self.seconds,
            "version": self.version,
            "inventory": self.inventory,
            "exit_code": int(self.exit_code),
            "hosts": [host.to_json() for host in self.hosts],
        }
