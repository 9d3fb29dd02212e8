"""What a rollout has done to hosts, as its leader sees it: the real works and the tests' agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from deeprig.report.model import RunReport, VerifyReport
from deeprig.waves.model import Rollout


class Interrupted(Exception):
    """The person does not want to wait for what is under way."""


@dataclass(frozen=True, slots=True)
class PutBack:
    """What became of putting a host back. ``kept``: there was nothing that could be put back."""

    host: str
    outcome: Literal["put back", "failed", "kept"]
    told: str


class Works(Protocol):
    """Does the work of a wave. Every work may be done again after a crash."""

    def declared(self) -> str:
        """Return the digest of what the lab declares now."""

    def drains(self, host: str) -> bool:
        """Say whether a host has a command that takes it out of service."""

    def drain(self, rollout: Rollout, hosts: tuple[str, ...]) -> Mapping[str, str]:
        """Take hosts out of service. Return why it failed, by host. Raise Interrupted."""

    def give_back(self, rollout: Rollout, hosts: tuple[str, ...]) -> Mapping[str, str]:
        """Take hosts into service again. Return why it failed, by host. Raise Interrupted."""

    def change(self, rollout: Rollout, hosts: tuple[str, ...]) -> RunReport:
        """Apply to, or update, these hosts."""

    def prove(self, rollout: Rollout, hosts: tuple[str, ...]) -> tuple[VerifyReport, bool]:
        """Verify these hosts with the gate's profile. Return also whether it was interrupted."""

    def put_back(self, rollout: Rollout, hosts: tuple[str, ...]) -> tuple[PutBack, ...]:
        """Put hosts back to what they were good with. Raise Interrupted."""
