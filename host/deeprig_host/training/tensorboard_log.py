"""A TensorBoard log, read back by TensorBoard's own reader and compared with what was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deeprig_host.training.evaluation import Check

#: Scalars are float32 in the log (tensorboard, summary.proto).
_RELATIVE_TOLERANCE = 1e-6


def check_log(directory: Path, curves: Mapping[str, Sequence[float]]) -> tuple[Check, ...]:
    """The log has exactly these curves, and each has every step and value.

    Raise ImportError where the environment has no TensorBoard.
    """
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(directory), size_guidance={"scalars": 0})
    events.Reload()
    found = set(events.Tags()["scalars"])
    told = Check("curves in the log", found == set(curves), _names(curves), _names(found))
    values = tuple(_check_curve(events, name, line, found) for name, line in curves.items())
    return (told, *values, _check_validation(found))


def files(directory: Path) -> dict[str, int]:
    """Return the log's files and their sizes in bytes."""
    return {path.name: path.stat().st_size for path in sorted(directory.rglob("*tfevents*"))}


def _check_curve(events: Any, name: str, line: Sequence[float], found: set[str]) -> Check:
    title = f"{name} reads as it was written"
    expected = f"{len(line)} steps, each value"
    if name not in found:
        return Check(title, False, expected, "not in the log")
    seen = [(event.step, event.value) for event in events.Scalars(name)]
    if [step for step, _ in seen] != list(range(len(line))):
        return Check(title, False, expected, f"steps {[step for step, _ in seen]}")
    off = [abs(value - line[step]) / max(abs(line[step]), 1e-12) for step, value in seen]
    # max() of numbers with NaN may hide it; "not <=" does not.
    is_good = bool(off) and all(one <= _RELATIVE_TOLERANCE for one in off)
    return Check(title, is_good, expected, f"{len(seen)} steps, {max(off, default=0.0):.1e} off")


def _check_validation(found: set[str]) -> Check:
    """Training loss alone shows no overfitting."""
    name = "validation is tracked beside training"
    is_there = {"loss", "validation_loss"} <= found
    return Check(name, is_there, "loss, validation_loss", _names(found))


def _names(names: Any) -> str:
    return ", ".join(sorted(names)) or "none"
