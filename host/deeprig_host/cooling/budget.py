"""Share a machine's power budget out over its GPUs, within what each card accepts. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PowerNeed:
    """What a GPU would have (declared, else its default) and the limits that it accepts, watts."""

    name: str
    wanted_watts: float
    min_watts: float
    max_watts: float

    @property
    def within_watts(self) -> float:
        """Return what it would have, as far as the card accepts it."""
        return min(self.max_watts, max(self.min_watts, self.wanted_watts))


class BudgetTooSmall(Exception):
    """A budget below what the cards need at least."""


def share_out(needs: tuple[PowerNeed, ...], budget_watts: float | None) -> dict[str, int]:
    """Return each GPU's limit in whole watts, together at most the budget.

    Where all cannot have what they would, each has the same part of it, but none less than its
    minimum. Raise BudgetTooSmall when the minima together exceed the budget.
    """
    wanted = {need.name: need.within_watts for need in needs}
    if budget_watts is None or sum(map(math.ceil, wanted.values())) <= budget_watts:
        return {name: round(watts) for name, watts in wanted.items()}
    least = sum(math.ceil(need.min_watts) for need in needs)
    if least > budget_watts:
        raise BudgetTooSmall(
            f"the budget of {budget_watts:g} W is below the {least} W that {len(needs)} GPUs"
            " need at least"
        )
    shares = _proportional(needs, budget_watts)
    return {need.name: shares[need.name] for need in needs}


def _proportional(needs: tuple[PowerNeed, ...], budget_watts: float) -> dict[str, int]:
    """Fix cards at their minimum until the same part of its wish is enough for every other."""
    fixed: dict[str, int] = {}
    while True:
        free = [need for need in needs if need.name not in fixed]
        part = (budget_watts - sum(fixed.values())) / sum(need.within_watts for need in free)
        low = [need for need in free if math.floor(need.within_watts * part) < need.min_watts]
        if not low:
            return fixed | {need.name: math.floor(need.within_watts * part) for need in free}
        fixed |= {need.name: math.ceil(need.min_watts) for need in low}
        if len(low) == len(free):
            return fixed


def least(needs: tuple[PowerNeed, ...]) -> dict[str, int]:
    """Return every GPU's minimum: the nearest to a budget that is too small."""
    return {need.name: math.ceil(need.min_watts) for need in needs}
