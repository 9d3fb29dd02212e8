"""Case ``mixed_bf16``: autocast to bfloat16 trains as well as float32, on a GPU by Tensor Cores."""

from __future__ import annotations

import torch

from deeprig_host.training.cases import CaseContext, CaseResult, judged, skipped
from deeprig_host.training.pytorch import precision, products
from deeprig_host.training.pytorch.gpu import tensor_cores_missing
from deeprig_host.training.thresholds import check_limits

_KIND = torch.bfloat16


def run(context: CaseContext) -> CaseResult:
    """Train in bfloat16 and in float32; compare."""
    missing = tensor_cores_missing(context, is_bfloat16=True)
    if missing:
        return skipped(missing)
    none = precision.scaler_for(context.device, is_enabled=False)
    plain = precision.train(context, None, none)
    mixed = precision.train(context, _KIND, none)
    checks = (
        precision.check_formats(mixed, _KIND, context.device),
        *check_limits("mixed_bf16", mixed.metrics()),
        mixed.scores.check_unseen(),
        precision.check_quality(mixed, plain),
        products.check_product(_KIND, context.device, context.seed),
    )
    measured = mixed.scores.measurements()
    if context.gpu_count:
        rates = products.rates(_KIND, context.device)
        checks, measured = (*checks, *rates.checks()), (*measured, *rates.measurements("bf16"))
    return judged(checks, measured, {"loss": mixed.losses, "loss_float32": plain.losses})
