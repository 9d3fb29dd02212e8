"""What a metric is: its name, kind, help and labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Labels of every series about one GPU: NVML's index, as nvidia-smi shows it, and what never moves.
GPU_LABELS = ("gpu", "uuid")

#: Ends of names that say the unit (Prometheus' base units); a name with none has no unit.
_UNITS = ("celsius", "watts", "joules", "hertz", "bytes", "ratio", "rpm", "seconds", "lanes")


@dataclass(frozen=True, slots=True)
class Metric:
    """One name of the exposition; ``name`` of a counter ends in ``_total``.

    ``values`` are the only values that its last label can have, empty where they are open.
    """

    name: str
    kind: Literal["gauge", "counter"]
    help: str
    labels: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """Return the unit that the name ends in, empty where it has none."""
        last = self.name.removesuffix("_total").rsplit("_", 1)[-1]
        return last if last in _UNITS else ""
