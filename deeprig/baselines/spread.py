"""How far apart earlier values lie, and below what a new one is a drop.

The median absolute deviation is the spread of normal noise that outliers do not move. Of values
that alternate between two levels it is 0 where one level has the majority; the quartiles see
those, so the larger of both counts. Constants: Rousseeuw and Croux, "Alternatives to the Median
Absolute Deviation", JASA 88 (1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from deeprig.certificate.training import Better

#: Fewer values say nothing of their spread.
FEWEST_VALUES = 5
SIGMAS = 3
_SIGMA_OF_MAD = 1.4826
_SIGMA_OF_QUARTILES = 1 / 1.349
#: A spread of few values is itself uncertain: at 5 values 1.6 times, at 30 values 1.1 times.
#: docs/baselines.md has how often a drop is told that is none, and how often one is missed.
_FEW_VALUES = 3


@dataclass(frozen=True, slots=True)
class Reference:
    """What earlier values promise: their median, one sigma of their spread, their count.

    ``smallest_drop`` is the share of the median below which a change is none.
    """

    median: float
    sigma: float
    count: int
    smallest_drop: float

    @property
    def margin(self) -> float:
        """Return how far beyond the median, in the bad direction, is not yet a drop."""
        noise = SIGMAS * self.sigma * (1 + _FEW_VALUES / self.count)
        return max(noise, self.smallest_drop * abs(self.median))

    def limit(self, better: Better) -> float:
        """Return the worst value that is not a drop."""
        return self.median - self.margin if better == "higher" else self.median + self.margin

    def is_drop(self, value: float, better: Better) -> bool:
        """Say whether a value is worse than noise explains."""
        limit = self.limit(better)
        return value < limit if better == "higher" else value > limit


def reference_of(values: Sequence[float], smallest_drop: float) -> Reference | None:
    """Return what the values promise, or None where they are too few for a verdict."""
    if len(values) < FEWEST_VALUES:
        return None
    middle = median(values)
    deviation = _SIGMA_OF_MAD * median(abs(value - middle) for value in values)
    low, _, high = quantiles(values, n=4, method="inclusive")
    sigma = max(deviation, _SIGMA_OF_QUARTILES * (high - low))
    return Reference(middle, sigma, len(values), smallest_drop)
