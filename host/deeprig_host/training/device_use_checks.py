"""Whether a GPU was used: what the driver said of it before and under work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deeprig_host.training import smi
from deeprig_host.training.evaluation import Check

#: What the case occupies.
FILLED_MEBIBYTES = 512
_LEAST_LOAD_PERCENT = 50.0
_LEAST_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Use:
    """Of one GPU: load and memory before and under work; ``is_right``: what it computed."""

    device: str
    idle: smi.Reading
    busy: smi.Reading
    is_right: bool

    def checks(self) -> tuple[Check, ...]:
        """Return them. A reading that is not there is never good."""
        rise = _difference(self.idle.memory_mebibytes, self.busy.memory_mebibytes)
        load = self.busy.load_percent
        least = _LEAST_SHARE * FILLED_MEBIBYTES
        return (
            Check(
                f"{self.device}: memory rises",
                rise is not None and rise >= least,
                f"by {least:.0f} MiB or more",
                "unknown" if rise is None else f"{rise:.0f} MiB",
            ),
            Check(
                f"{self.device}: load rises",
                load is not None and load >= _LEAST_LOAD_PERCENT,
                f"{_LEAST_LOAD_PERCENT:g} % or more",
                "unknown" if load is None else f"{load:g} %",
            ),
            Check(f"{self.device}: computes right", self.is_right, "ones times ones", "compared"),
        )


def is_load_alone_unknown(uses: Sequence[Use]) -> bool:
    """Return whether nothing is wrong but that the driver does not tell some GPU's load."""
    bad = [(one, check) for one in uses for check in one.checks() if not check.is_good]
    return bool(bad) and all(
        one.busy.load_percent is None and check.name == f"{one.device}: load rises"
        for one, check in bad
    )


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before
