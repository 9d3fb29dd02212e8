"""What the inventory declares about a host's cooling, as far as pictures show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deeprig.cooling.curve import Curve, parse_curve
from deeprig.role import RoleSettings


@dataclass(frozen=True, slots=True)
class DeclaredCurve:
    """A curve and the cards that it is for: ``all cards``, or one by the name it was given."""

    cards: str
    curve: Curve
    target_c: int | None


def declared_curves(settings: RoleSettings) -> tuple[DeclaredCurve, ...]:
    """Return the curves of the role cooling's settings: that of all cards, then single cards'.

    A card that declares nothing which a picture shows has none of its own.
    """
    values: dict[str, Any] = settings.model_dump()
    everybody = DeclaredCurve("all cards", parse_curve(values["curve"]), values["target_c"])
    found = [everybody]
    for name, card in values["gpus"].items():
        curve = parse_curve(card["curve"]) if card["curve"] else everybody.curve
        target = everybody.target_c if card["target_c"] is None else card["target_c"]
        if (curve, target) != (everybody.curve, everybody.target_c):
            found.append(DeclaredCurve(f"card {name}", curve, target))
    return tuple(found)
