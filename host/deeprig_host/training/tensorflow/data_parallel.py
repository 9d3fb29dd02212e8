"""Case ``data_parallel``: ``MirroredStrategy`` trains on all devices as one device would alone."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from deeprig_host.training.cases import CaseContext, CaseResult, judged, skipped
from deeprig_host.training.device import CPU
from deeprig_host.training.evaluation import Check

_LIMIT_SECONDS = 600
#: Sums in another order, over 60 steps; measured on a CPU: see docs/training.md.
_CPU_TOLERANCE, _GPU_TOLERANCE = 1e-5, 5e-3
_LOSS_RATIO = 0.7


def run(context: CaseContext) -> CaseResult:
    """Train in a new process by all GPUs, or by two devices made of the CPU, and alone."""
    if context.gpu_count == 1:
        return skipped("it needs two GPUs; this run has one")
    told = _train(context)
    replicas = context.gpu_count or 2
    first, last = told["losses"]
    most = _GPU_TOLERANCE if context.gpu_count else _CPU_TOLERANCE
    devices = ", ".join(one.rsplit("/", 1)[-1] for one in told["devices"])
    is_spread = (told["replicas"], len(told["devices"])) == (replicas, replicas)
    checks = (
        Check("a replica on each device", is_spread, f"{replicas} replicas", devices),
        Check("replicas are in step", told["apart"] == 0, "equal bits", f"{told['apart']:.1e} off"),
        Check(
            "trained as by one device alone",
            told["off"] <= most,
            f"the same weights, within {most:g}",
            f"{told['off']:.1e} off",
        ),
        Check(
            "loss falls",
            last < _LOSS_RATIO * first,
            f"< {_LOSS_RATIO:g} of it",
            f"{last / first:.3f}",
        ),
    )
    return judged(checks, data=told)


def _train(context: CaseContext) -> dict[str, Any]:
    """Return what the process said. Raise RuntimeError with its last line where it failed."""
    kind = CPU if context.device == CPU else "cuda"
    command = [sys.executable, "-m", "deeprig_host.training.tensorflow.mirrored"]
    done = subprocess.run(
        [*command, kind, str(context.seed)],
        capture_output=True,
        text=True,
        check=False,
        timeout=_LIMIT_SECONDS,
    )
    sys.stderr.write(done.stderr)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise RuntimeError(f"MirroredStrategy failed, exit {done.returncode}: {last}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told
