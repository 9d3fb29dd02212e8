"""What a training run found, the thresholds it must reach, and the JSON that says so."""

from __future__ import annotations

import math
import platform
from dataclasses import asdict, dataclass, field
from typing import Any

from deeprig_host.training.metrics import Matrix, accuracy, macro_f1, macro_recall

SCHEMA = "deeprig.training/1"


@dataclass(frozen=True)
class Thresholds:
    """What a small network on scikit-learn's digits must reach.

    Measured over seeds on a CPU: accuracy 0.958-0.976 in fp32, final/initial loss far below 0.2;
    0.93 leaves room for other hardware and still fails a network that does not learn.
    """

    accuracy: float = 0.93
    macro_recall: float = 0.93
    macro_f1: float = 0.93
    loss_ratio: float = 0.2


@dataclass(frozen=True)
class Training:
    """The measurements of one run."""

    framework: str
    framework_version: str
    device: str
    confusion: Matrix
    loss_initial: float
    loss_final: float
    validation_accuracy: float
    epochs: int
    seed: int
    train_samples: int
    seconds: float
    reload_difference: float
    reload_is_identical: bool


@dataclass(frozen=True)
class Check:
    """One expectation and what was seen."""

    name: str
    outcome: str
    expected: str
    actual: str


@dataclass(frozen=True)
class Refusal:
    """Why no training took place; that is a failure, never a skip."""

    framework: str
    device: str
    reason: str
    details: dict[str, Any] = field(default_factory=dict)


def checks_of(training: Training, wanted: Thresholds) -> tuple[Check, ...]:
    """Compare a run with its thresholds. A number that is no number fails."""
    ratio = loss_ratio(training)
    identical = f"max difference {training.reload_difference:g}"
    return (
        _check(
            "loss falls", ratio < wanted.loss_ratio, f"final/initial < {wanted.loss_ratio}", ratio
        ),
        _at_least("accuracy", accuracy(training.confusion), wanted.accuracy),
        _at_least("macro recall", macro_recall(training.confusion), wanted.macro_recall),
        _at_least("macro F1", macro_f1(training.confusion), wanted.macro_f1),
        Check(
            "reloaded in a new process, predicts identically",
            "pass" if training.reload_is_identical else "fail",
            "bit-identical outputs",
            "bit-identical" if training.reload_is_identical else identical,
        ),
    )


def loss_ratio(training: Training) -> float:
    """Return final/initial loss; infinite where the initial loss says nothing."""
    if not training.loss_initial > 0:
        return math.inf
    return training.loss_final / training.loss_initial


def document(training: Training, checks: tuple[Check, ...]) -> dict[str, Any]:
    """Return the JSON object of a run."""
    failed = [check for check in checks if check.outcome != "pass"]
    metrics = {
        "accuracy": accuracy(training.confusion),
        "macro_recall": macro_recall(training.confusion),
        "macro_f1": macro_f1(training.confusion),
        "validation_accuracy": training.validation_accuracy,
        "loss_initial": training.loss_initial,
        "loss_final": training.loss_final,
        "loss_ratio": loss_ratio(training),
        "epochs": training.epochs,
        "train_samples": training.train_samples,
        "seconds": training.seconds,
    }
    told = "; ".join(f"{c.name}: expected {c.expected}, got {c.actual}" for c in failed)
    good = (
        f"trained on {training.device}: accuracy {metrics['accuracy']:.3f}, loss "
        f"{training.loss_initial:.2f} -> {training.loss_final:.3f}, reloaded identically"
    )
    return {
        "schema": SCHEMA,
        "framework": training.framework,
        "framework_version": training.framework_version,
        "python_version": platform.python_version(),
        "device": training.device,
        "outcome": "fail" if failed else "pass",
        "checks": [asdict(check) for check in checks],
        "metrics": metrics,
        "confusion_matrix": [list(row) for row in training.confusion],
        "seed": training.seed,
        "evidence": told or good,
    }


def refused(refusal: Refusal) -> dict[str, Any]:
    """Return the JSON object of a run that could not take place."""
    return {
        "schema": SCHEMA,
        "framework": refusal.framework,
        "python_version": platform.python_version(),
        "device": refusal.device,
        "outcome": "fail",
        "checks": [],
        "metrics": {},
        "details": refusal.details,
        "evidence": refusal.reason,
    }


def _check(name: str, is_good: bool, expected: str, actual: float) -> Check:
    return Check(name, "pass" if is_good else "fail", expected, f"{actual:.4f}")


def _at_least(name: str, actual: float, threshold: float) -> Check:
    return _check(name, actual >= threshold, f">= {threshold}", actual)
