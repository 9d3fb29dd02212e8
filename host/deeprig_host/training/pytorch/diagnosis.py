"""Case ``diagnosis``: NVIDIA's own diagnosis of the GPUs, where ``dcgmi`` is installed."""

from __future__ import annotations

from deeprig_host.training.dcgm_diag import run_case as run

__all__ = ["run"]
