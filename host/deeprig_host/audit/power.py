"""Mains adapters and batteries, by /sys/class/power_supply. A desktop's PSU tells nothing here."""

from __future__ import annotations

from dataclasses import dataclass

from deeprig_host.audit.tree import Tree

_SUPPLIES = "/sys/class/power_supply"


@dataclass(frozen=True, slots=True)
class Supply:
    """A supply; ``watts`` is what flows now (power_now, else volts by amperes)."""

    name: str
    type: str
    watts: float | None


@dataclass(frozen=True, slots=True)
class Power:
    """The supplies that tell of themselves."""

    supplies: tuple[Supply, ...]


def power(tree: Tree) -> Power:
    """Return the supplies; one that does not tell what it is is told of and left out."""
    found = (_supply(tree, name) for name in tree.names(_SUPPLIES, "power.supplies"))
    return Power(tuple(supply for supply in found if supply is not None))


def _supply(tree: Tree, name: str) -> Supply | None:
    base, what = f"{_SUPPLIES}/{name}", f"power.supplies.{name}"
    kind = tree.text(f"{base}/type", what)
    return None if kind is None else Supply(name, kind, _watts(tree, base, what))


def _watts(tree: Tree, base: str, what: str) -> float | None:
    microwatts = tree.number(f"{base}/power_now")
    if microwatts is not None:
        return abs(microwatts) / 1e6
    microvolts = tree.number(f"{base}/voltage_now")
    microamperes = tree.number(f"{base}/current_now")
    if microvolts is None or microamperes is None:
        tree.tell(f"{what}.watts", f"{base} has neither power_now nor voltage_now and current_now")
        return None
    return abs(microvolts * microamperes) / 1e12
