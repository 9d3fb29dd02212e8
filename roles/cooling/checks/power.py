"""Power limits: as declared for each card, and together within the budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from deeprig.verify.checks import Checks
from roles.cooling.checks.cards import declared_card
from roles.cooling.checks.told import Told, card_name, is_simulated
from roles.cooling.settings import CoolingSettings

_SAME_WATTS = 1.0


def test_power_limits_are_as_declared(settings: CoolingSettings, told: Told, check: Checks) -> None:
    """Each card has its limit, or less where the budget is shared out; all keep the budget.

    One without a declaration has the limit that it comes with: an earlier one is not left in it.
    """
    if not settings.sets_power:
        pytest.skip("no power limit is declared")
    budget = settings.budget_watts
    for gpu in told.gpus:
        wanted, limit = declared_card(settings, gpu).power_limit_watts, gpu.get("power_limit_w")
        if wanted is None:
            if budget is None:
                _check_own_limit(gpu, check)
            continue
        is_below = None if limit is None else limit < wanted + _SAME_WATTS
        is_same = None if limit is None else abs(limit - wanted) < _SAME_WATTS
        name = f"{card_name(gpu)} has its power limit"
        evidence = f"{_watts(limit)} (declared: {wanted} W)"
        check(name, is_same if budget is None else is_below, evidence, simulated=is_simulated(gpu))
    if told.gpus and budget is not None:
        _check_budget(told, budget, check)


def _check_own_limit(gpu: Mapping[str, Any], check: Checks) -> None:
    own, limit = gpu.get("power_default_w"), gpu.get("power_limit_w")
    if own is None:
        return  # a card whose power cannot be limited, or that is gone
    is_own = None if limit is None else abs(limit - own) < _SAME_WATTS
    evidence = f"{_watts(limit)} (nothing declared; the card's own is {_watts(own)})"
    name = f"{card_name(gpu)} has its own power limit"
    check(name, is_own, evidence, simulated=is_simulated(gpu))


def _check_budget(told: Told, budget: int, check: Checks) -> None:
    limits = [gpu.get("power_limit_w") for gpu in told.gpus]
    known = [limit for limit in limits if limit is not None]
    is_kept = sum(known) < budget + _SAME_WATTS
    evidence = f"{' + '.join(map(_watts, limits))} (budget: {budget} W)"
    simulated = any(map(is_simulated, told.gpus))
    # A limit that is not known may be any.
    is_good = None if is_kept and len(known) < len(limits) else is_kept
    check("power limits keep the budget", is_good, evidence, simulated=simulated)


def _watts(limit: float | None) -> str:
    return "unknown" if limit is None else f"{limit:g} W"
