"""What a run of the suite prints: lines of events, the last with schema ``deeprig.training/2``."""

from __future__ import annotations

import math
import platform
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

from deeprig_host.training.cases import CaseResult
from deeprig_host.training.device import Cuda
from deeprig_host.training.document import tell_cuda
from deeprig_host.training.spent import Spent

SCHEMA = "deeprig.training/2"

#: Distributions whose versions explain a result; and all of NVIDIA's (CUDA, cuDNN, NCCL by pip).
_PACKAGES = (
    "torch", "numpy", "scipy", "scikit-learn", "tensorflow", "tensorflow-cpu", "keras", "jax",
    "jaxlib", "flax", "optax", "tensorboard", "onnx", "onnxscript", "onnxruntime", "tf2onnx",
    "triton",
)  # fmt: skip
_NVIDIA = "nvidia-"


@dataclass(frozen=True, slots=True)
class SuiteFindings:
    """What is known at the end of a run; None is what it did not come to know."""

    framework: str | None
    results: tuple[CaseResult, ...]
    framework_version: str | None = None
    backend: str | None = None
    profile: str | None = None
    device: str | None = None
    seed: int | None = None
    cuda: Cuda | None = None
    is_cut: bool = False
    spent: Spent = field(default_factory=Spent)

    @property
    def is_good(self) -> bool:
        """Say whether it is proven: nothing failed, something beside the device passed, not cut."""
        proven = [r for r in self.results if r.outcome == "pass" and r.group != "suite"]
        return bool(proven) and not self.is_cut and not self._failed

    @property
    def _failed(self) -> tuple[CaseResult, ...]:
        return tuple(result for result in self.results if result.outcome == "fail")

    @property
    def evidence(self) -> str:
        """Return one line for a person: what failed, or else how much passed and was skipped."""
        told = [f"{result.name}: {result.reason}" for result in self._failed]
        passed = [r for r in self.results if r.outcome == "pass" and r.group != "suite"]
        skipped = [result.name for result in self.results if result.outcome == "skip"]
        if self.is_cut:
            told.append("the run was cut")
        if not told:
            told.append(f"{len(passed)} cases passed on {self.device}" if passed else "none passed")
        if skipped:
            told.append(f"skipped: {', '.join(skipped)}")
        if self.spent.describe():
            told.append(self.spent.describe())
        return "; ".join(told)


def suite_document(findings: SuiteFindings) -> dict[str, Any]:
    """Return the object. Its keys are always the same; unknown values are null or empty."""
    return {
        "schema": SCHEMA,
        "framework": findings.framework,
        "framework_version": findings.framework_version,
        "backend": findings.backend,
        "python_version": platform.python_version(),
        "profile": findings.profile,
        "device": findings.device,
        "seed": findings.seed,
        "outcome": "pass" if findings.is_good else "fail",
        "evidence": findings.evidence,
        "cuda": tell_cuda(findings.cuda),
        "versions": installed_versions(),
        "cases": [tell_result(result) for result in findings.results],
        "is_cut": findings.is_cut,
        **findings.spent.tell(),
    }


def tell_result(result: CaseResult) -> dict[str, Any]:
    """Return a result as JSON knows it: not a number (NaN) and infinite are null."""
    return {
        "name": result.name,
        "group": result.group,
        "outcome": result.outcome,
        "reason": result.reason,
        "seconds": result.seconds,
        "checks": [
            {"name": c.name, "is_good": c.is_good, "expected": c.expected, "actual": c.actual}
            for c in result.checks
        ],
        "measurements": [
            {"name": m.name, "value": _sound(m.value), "unit": m.unit, "better": m.better}
            for m in result.measurements
        ],
        "curves": {name: _sound(line) for name, line in result.curves.items()},
        "data": _sound(result.data),
    }


def installed_versions() -> dict[str, str]:
    """Return what of the packages that matter is installed, by their own metadata."""
    found = {}
    for distribution in metadata.distributions():
        # A distribution whose metadata cannot be read has no name (importlib.metadata).
        name = (distribution.metadata["Name"] or "").lower().replace("_", "-")
        if name in _PACKAGES or name.startswith(_NVIDIA):
            found[name] = distribution.version
    return dict(sorted(found.items()))


def _sound(value: Any) -> Any:
    """RFC 8259, section 6, has no NaN and no infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _sound(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_sound(one) for one in value]
    return value
