"""The numbers of a training check, ready to be shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Results that a person looks for first, in this order.
_FIRST = ("device", "accuracy", "macro_recall", "macro_f1")
_MAIN_CASE = "cnn"
_SMALLEST_FIXED = 0.001


def training_metrics(data: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return (name, value) of each metric of a check's data; nothing when it trained nothing.

    The data comes from a program on the host: whatever does not look like metrics is left out.
    """
    found = data.get("metrics")
    metrics = dict(found) if isinstance(found, Mapping) else _of_suite(data)
    if not metrics:
        return ()
    if data.get("device") is not None:
        metrics["device"] = data["device"]
    names = [name for name in _FIRST if name in metrics]
    names += [name for name in metrics if name not in _FIRST]
    return tuple(
        (str(name).replace("_", " "), _shown(metrics[name]))
        for name in names
        if isinstance(metrics[name], str | int | float)
    )


def _of_suite(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a suite measured in its main case, the convolutional network."""
    cases = data.get("cases")
    for case in cases if isinstance(cases, list) else ():
        if isinstance(case, Mapping) and case.get("name") == _MAIN_CASE:
            told = case.get("measurements")
            rows = (
                [one for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []
            )
            return {str(one.get("name")): one.get("value") for one in rows}
    return {}


def _shown(value: str | float) -> str:
    if not isinstance(value, float):
        return str(value)
    # Three decimals tell models apart; a loss may be smaller than they can say.
    return f"{value:.2g}" if 0 < abs(value) < _SMALLEST_FIXED else f"{value:.3f}"
