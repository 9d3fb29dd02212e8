"""How long work takes on a GPU, by CUDA events: the CPU's clock sees only that it was queued."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable
from typing import Any

import torch

_WARM_UP = 3
_REPEATS = 10


def gpu_seconds(work: Callable[[], Any], device: str, repeats: int = _REPEATS) -> float:
    """Return the median time of one ``work`` (CUDA semantics: "Asynchronous execution")."""
    with torch.cuda.device(device):
        for _ in range(_WARM_UP):
            work()
        marks = [torch.cuda.Event(enable_timing=True) for _ in range(repeats + 1)]
        marks[0].record()
        for mark in marks[1:]:
            work()
            mark.record()
        torch.cuda.synchronize(device)
    milliseconds = [one.elapsed_time(next_) for one, next_ in itertools.pairwise(marks)]
    return float(statistics.median(milliseconds)) / 1e3
