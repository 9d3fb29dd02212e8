"""Loss scaling at its two ends: a gradient too small for float16, and one too large."""

from __future__ import annotations

from typing import Any

import torch

from deeprig_host.training.evaluation import Check
from deeprig_host.training.pytorch.precision import scaler_for

#: Below half of float16's smallest number, 2 ** -24 = 6e-8: rounded to 0.
_TINY = 1e-8
#: Above float16's largest number, 65504, once scaled; the start scale is 65536 (GradScaler).
_HUGE = 1e3


def check_underflow(device: str) -> Check:
    """A gradient that float16 cannot hold arrives where the loss was scaled, and only there."""
    plain = _gradient(_TINY, device, scaler_for(device, is_enabled=False))
    scaled = _gradient(_TINY, device, scaler_for(device, is_enabled=True))
    is_good = plain == 0.0 and abs(scaled / _TINY - 1) < 0.01
    expected = f"0 without scaling, {_TINY:g} with it"
    return Check("scaling keeps small gradients", is_good, expected, f"{plain:g}, {scaled:g}")


def check_overflow(device: str) -> Check:
    """An infinite gradient moves nothing, and the scale is halved."""
    scaler = scaler_for(device, is_enabled=True)
    weight, optimizer = _weight(device)
    _backward(weight, _HUGE, scaler)
    scale = float(scaler.get_scale())
    scaler.step(optimizer)
    scaler.update()
    moved, now = float(weight.detach() - 1.0), float(scaler.get_scale())
    return Check(
        "a gradient that overflows is left out",
        moved == 0.0 and now == scale / 2,
        "the weight stays, the scale is halved",
        f"the weight moved by {moved:g}, the scale from {scale:g} to {now:g}",
    )


def _gradient(size: float, device: str, scaler: Any) -> float:
    """Return a gradient that went through float16, after unscaling."""
    weight, optimizer = _weight(device)
    _backward(weight, size, scaler)
    scaler.unscale_(optimizer)
    return float(weight.grad)


def _weight(device: str) -> tuple[Any, Any]:
    weight = torch.nn.Parameter(torch.tensor(1.0, device=device))
    return weight, torch.optim.SGD([weight], lr=1.0)


def _backward(weight: Any, size: float, scaler: Any) -> None:
    """The loss is size * weight; its gradient goes through float16, as in a layer of autocast."""
    factor = torch.tensor(size, device=weight.device)
    scaler.scale((weight.to(torch.float16).to(torch.float32) * factor).sum()).backward()
