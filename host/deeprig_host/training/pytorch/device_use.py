"""Case ``device_use``: each GPU really computes: the driver sees its memory and load rise."""

from __future__ import annotations

from typing import Any

import torch

from deeprig_host.training import smi
from deeprig_host.training.cases import CaseContext, CaseResult, Measurement, judged, skipped
from deeprig_host.training.device_use_checks import FILLED_MEBIBYTES, Use, is_load_alone_unknown
from deeprig_host.training.pytorch import timing
from deeprig_host.training.pytorch.gpu import gpu_names, reading_of

_SIZE = 4096
#: nvidia-smi's load is that of its last sample period, 1/6 to 1 s (its manual): work must fill it,
#: and last longer than the driver may take to answer.
_WORK_SECONDS = 4.0


def run(context: CaseContext) -> CaseResult:
    """Work on one GPU after the other, and ask the driver meanwhile."""
    uses = []
    for number, device in enumerate(gpu_names(context)):
        context.emit(number / context.gpu_count, device)
        uses.append(_use(device))
    silent = [one.device for one in uses if one.busy.load_percent is None]
    checks = [check for one in uses for check in one.checks()]
    if silent and is_load_alone_unknown(uses):
        return skipped(f"the driver does not tell the load of {', '.join(silent)} (MIG, vGPU)")
    measured = [
        Measurement(f"{one.device}: load", one.busy.load_percent or 0.0, "%") for one in uses
    ]
    return judged(checks, measured, {}, {"bus_ids": [one.busy.bus_id for one in uses]})


def _use(device: str) -> Use:
    torch.zeros(1, device=device)  # the context's own memory is there before anything is counted
    torch.cuda.empty_cache()
    idle = reading_of(device)
    filled = torch.ones(FILLED_MEBIBYTES * 1024 * 1024, dtype=torch.uint8, device=device)
    ones = torch.ones(_SIZE, _SIZE, device=device)
    made = torch.empty_like(ones)
    seconds = timing.gpu_seconds(lambda: torch.matmul(ones, ones, out=made), device)
    busy = _reading_under_work(device, ones, made, seconds)
    is_right = bool((made == _SIZE).all()) and int(filled[-1]) == 1
    return Use(device, idle, busy, is_right)


def _reading_under_work(device: str, ones: Any, made: Any, seconds: float) -> smi.Reading:
    """Queue work for some seconds, and return the highest load that was seen while it ran."""
    done = torch.cuda.Event()
    with torch.cuda.device(device):
        for _ in range(max(1, int(_WORK_SECONDS / seconds))):
            torch.matmul(ones, ones, out=made)
        done.record()
    seen = [reading_of(device)]
    while not done.query():
        seen.append(reading_of(device))
    return max(seen, key=lambda one: one.load_percent or 0.0)
