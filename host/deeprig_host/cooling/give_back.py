"""Give a card its fans back: every fan is tried, and one that stays ours blows at full speed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from deeprig_host.gpu.answers import Unanswered, known
from deeprig_host.gpu.fans import fan_count, fan_range, is_fan_manual, release_fan, set_fan

#: What became of a card's fans, from good to bad.
Outcome = Literal["none", "automatic", "full", "stuck"]
_WORST: tuple[Outcome, ...] = ("none", "automatic", "full", "stuck")


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What became of the fans of a card, and why it is not ``automatic`` (or ``none``: no fans).

    ``stuck``: neither the card's own control nor full speed could be set.
    """

    outcome: Outcome
    reason: str = ""

    @property
    def is_good(self) -> bool:
        """Say whether no fan is left in our hands."""
        return self.outcome in ("none", "automatic")

    def __str__(self) -> str:
        return f"{self.outcome}: {self.reason}" if self.reason else self.outcome


def give_back(handle: Any, fans: int | None = None, *, was_taken: bool = False) -> GivenBack:
    """Give all fans of a card back; ``fans`` is their number where it is known.

    ``was_taken``: the caller had set a fan of it, so that "not supported" is no answer.
    """
    count = fan_count(handle) if fans is None else fans
    if isinstance(count, Unanswered):
        return GivenBack("none" if count.is_unsupported else "stuck", str(count))
    done = [_give_back_fan(handle, fan, was_taken) for fan in range(count)]
    return max(done, key=lambda one: _WORST.index(one.outcome), default=GivenBack("none"))


def _give_back_fan(handle: Any, fan: int, was_taken: bool) -> GivenBack:
    refusal = release_fan(handle, fan)
    is_manual = is_fan_manual(handle, fan)
    if is_manual is False or (refusal is None and is_manual is None):
        return GivenBack("automatic")
    is_unsupported = refusal is not None and refusal.is_unsupported
    if is_unsupported and is_manual is None and not was_taken:
        # What cannot be given back by this call could not be taken by its twin.
        return GivenBack("none", f"fan {fan}: {refusal}")
    reason = f"fan {fan}: {refusal or 'it stays manual after it was given back'}"
    _, full_percent = known(fan_range(handle)) or (0, 100)
    full = set_fan(handle, fan, full_percent)
    return GivenBack("full", reason) if full is None else GivenBack("stuck", f"{reason}; {full}")
