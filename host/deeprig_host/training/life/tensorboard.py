"""Case ``tensorboard``: losses are written as TensorBoard logs, and the logs say what was."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Mapping
from pathlib import Path

from deeprig_host.training import tensorboard_log
from deeprig_host.training.cases import CaseContext, CaseResult, Measurement, judged, skipped
from deeprig_host.training.life.learner import Tools
from deeprig_host.training.life.recipe import WHOLE_BATCH_SAMPLES, Recipe
from deeprig_host.training.life.trained import train_network

RECIPE = Recipe(epochs=5, batch_samples=WHOLE_BATCH_SAMPLES)


def run(tools: Tools, context: CaseContext) -> CaseResult:
    """Train, write the curves with TensorBoard's own writer, read them with its reader."""
    if importlib.util.find_spec("tensorboard") is None:
        return skipped("the environment has no TensorBoard: no package tensorboard")
    trained = train_network(tools, context, RECIPE)
    directory = context.workdir / "logs"
    started = time.monotonic()
    write_log(directory, trained.curves())
    measured = Measurement("writing the log", time.monotonic() - started, "s", "lower")
    checks = tensorboard_log.check_log(directory, trained.curves())
    told = {"files": tensorboard_log.files(directory)}
    return judged(checks, (measured,), trained.curves(), told)


def write_log(directory: Path, curves: Mapping[str, tuple[float, ...]]) -> None:
    """Write every curve. ``tensorboard`` brings its writer; frameworks' own need TensorFlow."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(directory))
    for name, curve in curves.items():
        for step, value in enumerate(curve):
            summary = Summary(value=[Summary.Value(tag=name, simple_value=value)])
            writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))
    writer.close()
