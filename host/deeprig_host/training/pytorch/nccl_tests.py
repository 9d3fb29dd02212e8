"""Case ``nccl_tests``: an all-reduce over all GPUs by NVIDIA's nccl-tests, where installed."""

from __future__ import annotations

from deeprig_host.training.nccl_perf import run_case as run

__all__ = ["run"]
