"""Case ``tensorboard``: losses are written as TensorBoard logs, and the logs say what was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deeprig_host.training import tensorboard_log
from deeprig_host.training.cases import CaseContext, CaseResult, Measurement, judged, skipped
from deeprig_host.training.life.recipe import Recipe
from deeprig_host.training.pytorch.trained import TrainedNetwork, train_network

RECIPE = Recipe(epochs=5)


def run(context: CaseContext) -> CaseResult:
    """Train, write the curves with PyTorch's own writer, read them with TensorBoard's reader."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as problem:
        return skipped(f"the environment has no TensorBoard: {problem}")
    trained = train_network(context, RECIPE)
    directory = context.workdir / "logs"
    seconds = write_log(SummaryWriter, trained, directory)
    checks = tensorboard_log.check_log(directory, trained.curves())
    measured = Measurement("writing the log", seconds, "s", "lower")
    return judged(
        checks, (measured,), trained.curves(), {"files": tensorboard_log.files(directory)}
    )


def write_log(writer_class: Any, trained: TrainedNetwork, directory: Path) -> float:
    """Write every curve and the weights' histograms; return the seconds it took."""
    import time

    started = time.monotonic()
    with writer_class(log_dir=str(directory)) as writer:
        for name, curve in trained.curves().items():
            for step, value in enumerate(curve):
                writer.add_scalar(name, value, step)
        for name, weights in trained.model.named_parameters():
            writer.add_histogram(name, weights.detach().cpu(), len(trained.epochs) - 1)
    return time.monotonic() - started
