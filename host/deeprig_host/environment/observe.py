"""Look at the environment, and change nothing: is it the one ordered, and is it whole?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from deeprig_host.environment.contents import damages, strangers
from deeprig_host.environment.order import Order, python_minor
from deeprig_host.environment.places import BASE, CURRENT, Places, digest_of
from deeprig_host.environment.wheels import stored
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused


def observe(machine: Machine, order: Order) -> dict[str, Any]:
    """Return what is wanted, what is there, and every reason to make or tidy something."""
    places = Places.of(machine)
    current = places.current()
    left_over = places.left_over(order.wheels)
    return {
        "outcome": "good",
        "python": python_minor(),
        "wanted": order.name,
        "current": None if current is None else current.name,
        "reasons": list(_reasons(places, order)),
        "left_over": [f"{BASE}/{path.relative_to(places.base)}" for path in left_over],
        "has_whole": places.whole(order.name) is not None,
        "stored": list(stored(places.store, order.wheels)),
    }


def check(machine: Machine) -> dict[str, Any]:
    """Return the environment in use. Raise Refused, naming the damage, when it is not whole."""
    current = Places.of(machine).current()
    found = ("there is none",) if current is None else damages(current)
    if current is None or found:
        raise Refused(
            f"{CURRENT} is not whole",
            evidence=found,
            remedy="run deeprig apply: it is made anew",
            outcome="failed",
        )
    return {"outcome": "good", "current": current.name, "python": python_minor()}


def _reasons(places: Places, order: Order) -> tuple[str, ...]:
    current = places.current()
    if current is None:
        return (f"{CURRENT} leads to no environment",)
    if digest_of(current) != order.name:
        return (
            f"{CURRENT} has other programs, or is for another Python than this host's "
            f"{python_minor()}",
        )
    return (
        *_open_directories(places),
        *(f"{CURRENT}: {damage}" for damage in damages(current)),
    )


def _open_directories(places: Places) -> Iterator[str]:
    """Yield which directories others could put an environment of theirs in."""
    for path in places.directories():
        if path.is_dir():
            name = f"{BASE}/{path.relative_to(places.base)}".removesuffix("/.")
            yield from (f"{name} {why}" for why in strangers(path, os.geteuid()))
