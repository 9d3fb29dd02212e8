"""Whether copies between GPUs arrive, and whether one way is far slower than the others."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from deeprig_host.training.evaluation import Check

#: A pair below this share of the middle one of its kind has a link that others do not have: a
#: narrower slot, an NVLink that is down, a path over the other processor. A hint to look, so low.
_LEAST_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Pair:
    """One direction. ``is_direct``: peers reach each other's memory; else copies go by the host."""

    source: str
    target: str
    is_direct: bool
    is_same: bool
    gigabytes_per_second: float

    @property
    def name(self) -> str:
        """Return ``cuda:0 to cuda:1``."""
        return f"{self.source} to {self.target}"


def check_arrive(pairs: Sequence[Pair]) -> Check:
    """An IOMMU that translates peers' addresses, or a virtual machine, can spoil direct copies."""
    wrong = [one.name for one in pairs if not one.is_same]
    actual = f"wrong: {', '.join(wrong)}" if wrong else f"{len(pairs)} bit-equal"
    return Check("copies between all GPUs arrive", not wrong, "bit-equal, both ways", actual)


def check_even(pairs: Sequence[Pair]) -> tuple[Check, ...]:
    """Of direct pairs and of the others, return whether one is far slower than the middle."""
    kinds = {"direct": True, "by the host": False}
    groups = {name: [one for one in pairs if one.is_direct == is_] for name, is_ in kinds.items()}
    return tuple(_check_group(name, group) for name, group in groups.items() if group)


def _check_group(name: str, group: Sequence[Pair]) -> Check:
    middle = statistics.median(one.gigabytes_per_second for one in group)
    slow = [one for one in group if one.gigabytes_per_second < _LEAST_SHARE * middle]
    told = ", ".join(f"{one.name} {one.gigabytes_per_second:.1f} GB/s" for one in slow)
    return Check(
        f"no copy, {name}, is far slower than the others",
        not slow,
        f"at least {_LEAST_SHARE:g} of the middle one, {middle:.1f} GB/s",
        told or f"{len(group)} ways",
    )
