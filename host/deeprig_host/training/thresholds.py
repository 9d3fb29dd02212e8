"""What a case must reach: the bound, and the measurement that it stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deeprig_host.training.evaluation import Check, Limit


@dataclass(frozen=True, slots=True)
class Threshold:
    """A bound of a case. ``measured``: lowest to highest, by what, and how a fault measures."""

    case: str
    limit: Limit
    measured: str


def _quality(case: str, bound: float, measured: str) -> tuple[Threshold, ...]:
    names = {"accuracy": "accuracy", "macro_recall": "macro recall", "macro_f1": "macro F1"}
    return tuple(
        Threshold(case, Limit(metric, name, True, bound), measured)
        for metric, name in names.items()
    )


def _falls(case: str, bound: float, measured: str) -> Threshold:
    limit = Limit("loss_ratio", "loss falls", False, bound, quantity="final/initial")
    return Threshold(case, limit, measured)


# PyTorch 2.13.0 on a CPU, fp32, one thread, seeds 0 to 7, 20 and 42: lowest to highest of accuracy,
# macro recall and macro F1 together. The test part has 360 images: of 0.97, chance alone moves
# 0.01 (one standard deviation), so the bounds leave room for other hardware and builds. A network
# that does not learn has an accuracy of about 0.1 and a ratio of 1; one whose labels take a class
# for another has about 0.87 (tests/contract/mutations).
THRESHOLDS: tuple[Threshold, ...] = (
    *_quality("cnn", 0.92, "0.944-0.983"),
    _falls("cnn", 0.2, "0.015-0.040"),
    *_quality("sgd", 0.93, "0.980-0.992"),
    _falls("sgd", 0.1, "0.001-0.003"),
    *_quality("recurrent", 0.92, "0.956-0.986"),
    _falls("recurrent", 0.1, "0.0002-0.025"),
    *_quality("search", 0.93, "0.972-0.992"),
    _falls("search", 0.1, "0.0002-0.002"),
    # Fewer epochs: what is proven there is the file.
    *_quality("reload", 0.9, "0.950-0.981"),
    # In short formats, 15 epochs: PyTorch 2.13.0 on a CPU, seeds 0 to 3 and 20.
    *_quality("mixed_bf16", 0.92, "0.977-0.986"),
    _falls("mixed_bf16", 0.2, "0.007-0.013"),
    *_quality("mixed_fp16", 0.92, "0.977-0.986"),
    _falls("mixed_fp16", 0.2, "0.007-0.013"),
)


def limits_of(case: str) -> tuple[Limit, ...]:
    """Return the limits of a case. Raise KeyError where it has none: a slip in the table."""
    limits = tuple(one.limit for one in THRESHOLDS if one.case == case)
    if not limits:
        raise KeyError(f"no threshold for the case {case}")
    return limits


def check_limits(case: str, metrics: Mapping[str, float]) -> tuple[Check, ...]:
    """Compare. Raise KeyError for a metric that was not measured."""
    return tuple(limit.check(metrics) for limit in limits_of(case))
