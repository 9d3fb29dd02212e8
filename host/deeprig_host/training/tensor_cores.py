"""How much faster products must be with Tensor Cores, by the GPU's compute capability."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpeedUps:
    """Least ratio to float32 of float16 or bfloat16 (``short``), and of TF32.

    ``tf32`` is None where Tensor Cores have no TF32, or not more of it than of float32.
    """

    short: float
    tf32: float | None = None


# What NVIDIA's data sheets and white papers say of dense products with float32 sums, over float32
# without Tensor Cores. Bounds lie well below: matrices of 8192 do not reach the sheet, and a power
# limit cuts the faster one more. They lie above what is possible without Tensor Cores: 1, or where
# float16 is computed in pairs 2 (7.0, 7.5, 9.0) to 4 (8.0). Not yet measured on GPUs of our own.
_BY_CAPABILITY: dict[tuple[int, int], SpeedUps] = {
    (7, 0): SpeedUps(3.0),  # V100: 125 of 15.7 TFLOP/s, 8 times
    (7, 5): SpeedUps(2.4),  # T4: 65 of 8.1; GeForce RTX 2080 Ti: 53.8 of 13.4, half rate
    (8, 0): SpeedUps(5.0, 3.0),  # A100: 312 and, TF32, 156 of 19.5
    (8, 6): SpeedUps(1.3),  # GeForce RTX 3090: 71 and 35.6 of 35.6; A40: 150 of 37.4
    (8, 9): SpeedUps(1.3),  # GeForce RTX 4090: 165 and 82.6 of 82.6; L40: 181 of 90.5
    (9, 0): SpeedUps(6.0, 3.0),  # H100 SXM: 989 and 495 of 67
    (10, 0): SpeedUps(6.0, 3.0),  # B200: 2250 and 1125 of 75
    (12, 0): SpeedUps(1.3),  # GeForce RTX 5090: 209.5 and 104.8 of 104.8
}
#: Of a GPU that is not in the table: any that has Tensor Cores is faster than without.
_UNKNOWN = SpeedUps(1.3)
#: "CUDA C++ Programming Guide", compute capabilities: Tensor Cores since 7.0, bfloat16 since 8.0.
_FIRST, _FIRST_BFLOAT16 = (7, 0), (8, 0)
#: Turing (7.5) in its small chips has none ("NVIDIA Turing GPU Architecture", TU116 and TU117).
_NAMES_WITHOUT = ("GTX 16", "T400", "T500", "T550", "T600", "T1000", "T1200", "MX450", "MX550")


def speed_ups(capability: tuple[int, int]) -> SpeedUps:
    """Return the bounds of a capability that has Tensor Cores."""
    return _BY_CAPABILITY.get(capability, _UNKNOWN)


def missing(name: str, capability: tuple[int, int], is_bfloat16: bool) -> str | None:
    """Return why a GPU cannot, by design, or None."""
    major, minor = capability
    if capability == (7, 5) and any(one in name for one in _NAMES_WITHOUT):
        return f"{name} has no Tensor Cores"
    if capability < _FIRST:
        return f"a GPU of compute capability {major}.{minor} has no Tensor Cores"
    if is_bfloat16 and capability < _FIRST_BFLOAT16:
        return f"a GPU of compute capability {major}.{minor} has no bfloat16"
    return None
