"""Each card: cooled as declared, away from its slowdown, its fans turning.

Where the daemon tells of no card, ``daemon.test_its_loop_turns`` has failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from deeprig.verify.checks import Checks
from roles.cooling.checks.told import Told, card_name, is_simulated
from roles.cooling.settings import CardCooling, CoolingSettings

Gpu = Mapping[str, Any]


def declared_card(settings: CoolingSettings, gpu: Gpu) -> CardCooling:
    """Return what is declared for a card; the daemon takes UUID, address and number in this order.

    What it does not say for itself is as for all cards.
    """
    names = (str(gpu.get("uuid")), str(gpu.get("address")), str(gpu.get("index")))
    by_name = {name.lower(): card for name, card in settings.gpus.items()}
    own = next((by_name[n.lower()] for n in names if n.lower() in by_name), CardCooling())
    common = {name: getattr(settings, name) for name in CardCooling.model_fields}
    return CardCooling(**common | own.model_dump(exclude_none=True))


def test_each_card_is_cooled_as_declared(
    settings: CoolingSettings, told: Told, check: Checks
) -> None:
    """By its curve, or at its target; a card without fans is watched, and is not a pass."""
    if not settings.enabled:
        pytest.skip("cooling is not enabled")
    watched = []
    for gpu in told.gpus:
        mode, reason = gpu.get("mode"), gpu.get("reason") or "no reason told"
        wanted = _wanted_mode(declared_card(settings, gpu))
        if mode == "monitor" != wanted and not gpu.get("fans"):
            watched.append(f"{card_name(gpu)} is only watched: {reason}")
            continue
        name = f"{card_name(gpu)} is cooled: {wanted}"
        evidence = f"{mode}" if mode == wanted else f"{mode}: {reason}"
        check(name, mode == wanted, evidence, simulated=is_simulated(gpu))
    if watched:
        pytest.skip("; ".join(watched))


def test_each_card_is_away_from_its_slowdown(
    settings: CoolingSettings, told: Told, check: Checks
) -> None:
    """The temperature is below the one at which the card slows itself down."""
    if not settings.enabled:
        pytest.skip("cooling is not enabled")
    for gpu in told.gpus:
        heat, limit = gpu.get("temperature_c"), gpu.get("slowdown_c")
        is_good = None if heat is None or limit is None else limit - heat > 0
        evidence = f"{_degrees(heat)}, slows down at {_degrees(limit)}"
        name = f"{card_name(gpu)} is away from its slowdown"
        check(name, is_good, evidence, simulated=is_simulated(gpu))


def test_fans_turn_as_they_are_told(settings: CoolingSettings, told: Told, check: Checks) -> None:
    """A fan that is told to turn turns; drivers before 565 tell no RPM."""
    if not settings.enabled:
        pytest.skip("cooling is not enabled")
    silent = []
    for gpu in told.gpus:
        if not gpu.get("target_percent"):
            continue  # left to the card, which may let its fans stand still
        for number, fan in enumerate(gpu.get("fans", ())):
            name = f"{card_name(gpu)} fan {number} turns"
            if fan.get("rpm") is None:
                silent.append(f"{name}: its driver tells no RPM")
                continue
            evidence = f"{fan['rpm']} RPM, told {gpu['target_percent']} %"
            check(name, fan["rpm"] > 0, evidence, simulated=is_simulated(gpu))
    if silent:
        pytest.skip("; ".join(silent))


def _wanted_mode(card: CardCooling) -> str:
    if card.mode == "monitor":
        return "monitor"
    return "curve" if card.target_c is None else "target"


def _degrees(value: Any) -> str:
    return "unknown" if value is None else f"{value:g} C"
