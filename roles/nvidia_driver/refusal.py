"""Why a driver change is refused: the reason, what was seen, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: For programs; people read the reason.
Kind = Literal[
    "dpkg-interrupted",
    "foreign-hold",
    "not-packaged",
    "gpus-contradict",
    "variant-impossible",
    "branch-drops-gpu",
    "branch-before-gpu",
    "no-such-packages",
    "source-missing",
    "no-candidate",
    "no-fabric-manager",
    "no-headers",
    "secure-boot",
    "disk-full",
]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A change that is not made; the host stays as it is. ``evidence`` is one fact a line."""

    kind: Kind
    reason: str
    evidence: tuple[str, ...]
    remedy: str

    def text(self) -> str:
        """Return the message for people, one fact a line, the remedy last."""
        return "\n".join((self.reason, *(f"  {line}" for line in self.evidence), self.remedy))


class Refused(Exception):
    """Carries a refusal from where it is found to ``decide``, which returns it."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.reason)


def refuse(kind: Kind, reason: str, evidence: tuple[str, ...], remedy: str) -> Refused:
    """Return the exception to raise."""
    return Refused(Refusal(kind, reason, evidence, remedy))
