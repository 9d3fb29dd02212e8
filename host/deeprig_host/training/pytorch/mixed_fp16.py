"""Case ``mixed_fp16``: autocast to float16 with a scaled loss trains as well as float32."""

from __future__ import annotations

import torch

from deeprig_host.training.cases import CaseContext, CaseResult, judged, skipped
from deeprig_host.training.pytorch import precision, products
from deeprig_host.training.pytorch.gpu import tensor_cores_missing
from deeprig_host.training.pytorch.loss_scaling import check_overflow, check_underflow
from deeprig_host.training.thresholds import check_limits

_KIND = torch.float16


def run(context: CaseContext) -> CaseResult:
    """Train in float16 and in float32; compare; try the scaling at both ends."""
    missing = tensor_cores_missing(context, is_bfloat16=False)
    if missing:
        return skipped(missing)
    plain = precision.train(context, None, precision.scaler_for(context.device, is_enabled=False))
    scaler = precision.scaler_for(context.device, is_enabled=True)
    mixed = precision.train(context, _KIND, scaler)
    checks = (
        precision.check_formats(mixed, _KIND, context.device),
        *check_limits("mixed_fp16", mixed.metrics()),
        mixed.scores.check_unseen(),
        precision.check_quality(mixed, plain),
        products.check_product(_KIND, context.device, context.seed),
        check_underflow(context.device),
        check_overflow(context.device),
    )
    measured = mixed.scores.measurements()
    if context.gpu_count:
        rates = products.rates(_KIND, context.device)
        checks, measured = (*checks, *rates.checks()), (*measured, *rates.measurements("fp16"))
    curves = {"loss": mixed.losses, "loss_float32": plain.losses}
    return judged(checks, measured, curves, {"loss scale at the end": float(scaler.get_scale())})
