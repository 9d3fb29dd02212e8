"""Products of large matrices: whether they are right, and on a GPU how fast, format by format."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch

from deeprig_host.training.evaluation import Check
from deeprig_host.training.product_rates import Rates
from deeprig_host.training.pytorch import timing

_SMALL = 256
_LARGE = 8192
#: Of the largest number of the product. Half a unit in the last place is 0.004 of a number in
#: bfloat16, 0.0005 in float16; inputs are rounded before, so only the result's rounding and the
#: order of the sums are left. Measured on a CPU, five seeds: up to 0.0036 and 0.0004.
_BOUNDS = {torch.bfloat16: 0.01, torch.float16: 0.002}


def check_product(kind: Any, device: str, seed: int) -> Check:
    """A product in the format is that of the same numbers in float64."""
    random = torch.Generator().manual_seed(seed)
    one, other = (torch.randn(_SMALL, _SMALL, generator=random).to(kind) for _ in range(2))
    exact = one.double() @ other.double()
    made = (one.to(device) @ other.to(device)).double().cpu()
    off = float((made - exact).abs().max() / exact.abs().max())
    bound = _BOUNDS[kind]
    return Check("a product is right", off <= bound, f"within {bound:g}", f"{off:.1e} off")


def rates(kind: Any, device: str) -> Rates:
    """Measure. The clock rises with work, and warm-up is part of timing."""
    major, minor = torch.cuda.get_device_capability(device)
    with _tf32(False):
        plain = _teraflops(torch.float32, device)
    with _tf32(True):
        tf32 = _teraflops(torch.float32, device)
    return Rates((int(major), int(minor)), plain, tf32, _teraflops(kind, device))


def _teraflops(kind: Any, device: str) -> float:
    one, other = (torch.randn(_LARGE, _LARGE, device=device, dtype=kind) for _ in range(2))
    made = torch.empty(_LARGE, _LARGE, device=device, dtype=kind)
    seconds = timing.gpu_seconds(lambda: torch.matmul(one, other, out=made), device)
    return 2 * float(_LARGE) ** 3 / seconds / 1e12


@contextlib.contextmanager
def _tf32(is_allowed: bool) -> Iterator[None]:
    """Allow or forbid TF32 for products (CUDA semantics: "TensorFloat-32 on Ampere")."""
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = is_allowed
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before
