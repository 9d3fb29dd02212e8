"""The bundle that a rollout's hosts have everything from: whole, and the same to its end."""

from __future__ import annotations

import hashlib
from pathlib import Path

from deeprig.bundle.checking import check_whole
from deeprig.bundle.contents import opened
from deeprig.errors import UsageProblem
from deeprig.waves.model import Supply


def supply_of(path: Path) -> Supply:
    """Return a bundle as a rollout notes it. Raise DeeprigError where it is none, or not whole.

    It is proven whole before anybody is contacted: a rollout that finds out with half of its
    hosts changed would be no canary's.
    """
    path = path.resolve()
    with opened(path) as bundle:
        check_whole(bundle)
        digest = hashlib.sha256(bundle.manifest.to_json().encode()).hexdigest()
    return Supply(str(path), digest)


def check_same(supply: Supply) -> None:
    """Raise UsageProblem where another bundle lies there by now, DeeprigError where none does."""
    if supply_of(Path(supply.path)) != supply:
        raise UsageProblem(
            "it is not the bundle that the rollout began with",
            place=supply.path,
            remedy="put that one back, or 'deeprig abort' and start a new rollout",
        )
