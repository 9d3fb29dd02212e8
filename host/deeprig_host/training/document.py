"""The one JSON object that a run prints (schema ``deeprig.training/1``)."""

from __future__ import annotations

import math
import platform
from dataclasses import dataclass, field
from typing import Any

from deeprig_host.training.device import Cuda
from deeprig_host.training.evaluation import Check
from deeprig_host.training.metrics import Matrix
from deeprig_host.training.reload import Reload

SCHEMA = "deeprig.training/1"


@dataclass(frozen=True, slots=True)
class Findings:
    """What is known at the end of a run; None or empty is what a run did not come to know."""

    framework: str | None
    checks: tuple[Check, ...]
    framework_version: str | None = None
    device: str | None = None
    seed: int | None = None
    cuda: Cuda | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    curves: dict[str, tuple[float, ...]] = field(default_factory=dict)
    confusion: Matrix = ()
    reload: Reload | None = None


def is_good(findings: Findings) -> bool:
    """Say whether all checks passed. A run that checked nothing has proven nothing."""
    return bool(findings.checks) and all(check.is_good for check in findings.checks)


def document(findings: Findings) -> dict[str, Any]:
    """Return the object. Its keys are always the same; unknown values are null or empty."""
    return {
        "schema": SCHEMA,
        "framework": findings.framework,
        "framework_version": findings.framework_version,
        "python_version": platform.python_version(),
        "device": findings.device,
        "outcome": _outcome(is_good(findings)),
        "checks": [_check(check) for check in findings.checks],
        "metrics": {name: _number(value) for name, value in findings.metrics.items()},
        "curves": {name: [_number(v) for v in line] for name, line in findings.curves.items()},
        "confusion_matrix": [list(row) for row in findings.confusion],
        "reload": _reload(findings.reload),
        "cuda": tell_cuda(findings.cuda),
        "seed": findings.seed,
        "evidence": _evidence(findings),
    }


def _evidence(findings: Findings) -> str:
    """Return one line for a person: what failed, or else what was reached."""
    failed = [check for check in findings.checks if not check.is_good]
    if failed or not findings.checks:
        told = "; ".join(f"{c.name}: expected {c.expected}, got {c.actual}" for c in failed)
        return " ".join(told.split()) or "nothing was checked"
    metrics = findings.metrics
    return (
        f"trained on {findings.device}: accuracy {metrics['accuracy']:.3f}, "
        f"loss {metrics['loss_initial']:.2f} -> {metrics['loss_final']:.3f}, "
        "reloaded identically"
    )


def _outcome(is_good: bool) -> str:
    return "pass" if is_good else "fail"


def _check(check: Check) -> dict[str, str]:
    return {
        "name": check.name,
        "outcome": _outcome(check.is_good),
        "expected": check.expected,
        "actual": check.actual,
    }


def _reload(reload: Reload | None) -> dict[str, Any] | None:
    if reload is None:
        return None
    return {
        "sha256": reload.sha256,
        "reloaded_sha256": reload.reloaded_sha256,
        "max_difference": _number(reload.max_difference),
    }


def tell_cuda(cuda: Cuda | None) -> dict[str, Any] | None:
    """Return CUDA as JSON knows it."""
    if cuda is None:
        return None
    return {
        "build": cuda.build,
        "is_available": cuda.is_available,
        "device_count": cuda.device_count,
        "names": list(cuda.names),
        "error": cuda.error or None,
    }


def _number(value: float) -> float | None:
    """JSON has no NaN and no infinity (RFC 8259, section 6): null."""
    return value if math.isfinite(value) else None
