"""Case ``compile``: a network that torch.compile compiled computes and trains as it was written."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import Any

from deeprig_host.training import data
from deeprig_host.training.cases import CaseContext, CaseResult, Measurement, judged, skipped
from deeprig_host.training.device import CPU
from deeprig_host.training.evaluation import Check
from deeprig_host.training.pytorch import batches
from deeprig_host.training.pytorch.processes import run_alone

_SAMPLES = 64
_BATCHES = 16


def run(context: CaseContext) -> CaseResult:
    """Compile in a process of its own: its cache lies in the case's directory, and is empty."""
    missing = _missing(context.device)
    if missing:
        return skipped(missing)
    batches.write_batches(data.load_split(context.seed).train, _SAMPLES, _BATCHES, context)
    context.emit(0.1, "compiling")
    told = run_alone("compile_work", context)
    checks = (
        _check_compiled(told),
        _check_close("the same outputs", told["outputs_off"], told["largest_output"], context),
        _check_close(
            "the same gradients", told["gradients_off"], told["largest_gradient"], context
        ),
        _check_trains(told),
    )
    measured = (
        Measurement("compiling", told["compile_seconds"], "s", "lower"),
        Measurement("a step, as written", told["step_seconds"], "s", "lower"),
        Measurement("a step, compiled", told["compiled_step_seconds"], "s", "lower"),
    )
    return judged(checks, measured, {"loss": tuple(told["losses"])})


def _missing(device: str) -> str | None:
    """Return what the compiler needs and this machine does not have.

    For a CPU, torch.compile writes C++ (CXX, else g++); for a GPU Triton, which compiles its
    launcher with a C compiler (CC, else gcc or clang). Both need Python's headers.
    """
    names = ("CXX", "g++", "clang++") if device == CPU else ("CC", "gcc", "clang")
    chosen = os.environ.get(names[0])
    if not any(shutil.which(name) for name in ((chosen,) if chosen else names[1:])):
        return f"torch.compile needs a compiler: {chosen or ' or '.join(names[1:])} is not there"
    headers = Path(sysconfig.get_path("include")) / "Python.h"
    if not headers.is_file():
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        return f"torch.compile needs the headers of Python {version}: {headers} is not there"
    return None


def _check_compiled(told: dict[str, Any]) -> Check:
    """Code was written and compiled: that nothing was computed as before is no proof."""
    files = told["files"]
    actual = ", ".join(f"{count} {kind}" for kind, count in sorted(files.items())) or "nothing"
    is_good = told["graphs"] == 1 and files.get(told["kind"], 0) > 0
    expected = f"one graph without a break, {told['kind']} files"
    return Check("it was compiled", is_good, expected, f"{told['graphs']} graphs; {actual}")


def _check_close(name: str, off: float, size: float, context: CaseContext) -> Check:
    """Another order of sums, no more. A GPU may take TF32 in one and not in the other."""
    most = 1e-4 if context.device == CPU else 2e-2
    is_good = size > 0 and off <= most * size
    return Check(name, is_good, f"within {most:g} of the largest, {size:.2g}", f"{off:.1e} off")


def _check_trains(told: dict[str, Any]) -> Check:
    first, last = told["losses"][0], told["losses"][-1]
    return Check(
        "loss falls", last < first / 2, "below half of the first", f"{first:.3f} to {last:.3f}"
    )
