"""How fast a GPU multiplies, format by format, and whether its Tensor Cores show."""

from __future__ import annotations

from dataclasses import dataclass

from deeprig_host.training import tensor_cores
from deeprig_host.training.cases import Measurement
from deeprig_host.training.evaluation import Check


@dataclass(frozen=True, slots=True)
class Rates:
    """Of a GPU, in TFLOP/s: float32 without and with TF32, and the short format."""

    capability: tuple[int, int]
    float32: float
    tf32: float
    short: float

    def checks(self) -> tuple[Check, ...]:
        """The short format is so much faster as only Tensor Cores make it."""
        bounds = tensor_cores.speed_ups(self.capability)
        told = [("the short format is faster", bounds.short, self.short)]
        if bounds.tf32 is not None:
            told.append(("TF32 is faster", bounds.tf32, self.tf32))
        return tuple(self._check(*one) for one in told)

    def _check(self, name: str, bound: float, rate: float) -> Check:
        faster = rate / self.float32
        actual = f"{faster:.2f} times: {rate:.1f} of {self.float32:.1f} TFLOP/s"
        expected = f"at least {bound:g} times float32 (Tensor Cores, {self.capability})"
        return Check(name, faster >= bound, expected, actual)

    def measurements(self, short: str) -> tuple[Measurement, ...]:
        """Return the rates."""
        told = {"float32": self.float32, "TF32": self.tf32, short: self.short}
        return tuple(
            Measurement(f"product, {name}", rate, "TFLOP/s", "higher")
            for name, rate in told.items()
        )
