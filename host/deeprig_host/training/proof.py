"""One training proof, from the device to the findings."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deeprig_host.training import data, reload
from deeprig_host.training.device import (
    Cuda,
    Demand,
    device_problem,
    device_to_use,
    nvidia_gpus_on_bus,
)
from deeprig_host.training.document import Findings
from deeprig_host.training.evaluation import Check, Limit, evaluate, loss_ratio
from deeprig_host.training.framework import Framework, Plan, Trained
from deeprig_host.training.metrics import Matrix, accuracy, confusion_matrix, macro_f1, macro_recall


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """What the command line asks for."""

    framework: str
    workdir: Path
    demand: Demand
    seed: int
    epochs: int
    limits: tuple[Limit, ...]


def prove(framework: Framework, run: TrainingRun) -> Findings:
    """Return the findings of a run. Whatever else goes wrong is raised."""
    cuda = framework.cuda()
    problem = device_problem(run.demand, cuda, nvidia_gpus_on_bus())
    if problem is not None:
        check = Check("the device", False, run.demand.describe(), problem)
        return Findings(run.framework, (check,), framework.version(), seed=run.seed, cuda=cuda)
    return _train(framework, run, cuda)


def _train(framework: Framework, run: TrainingRun, cuda: Cuda) -> Findings:
    started = time.monotonic()
    device = device_to_use(run.demand, cuda)
    split = data.load_split(run.seed)
    trained = framework.train(split, Plan(device, run.epochs, run.seed, run.workdir))
    data.save_test_images(split.test.images, run.workdir)
    again = reload.predict_in_new_process(run.framework, run.workdir, device)
    comparison = reload.compare(trained.test_outputs, again)
    confusion = _confusion(split.test, trained.test_outputs.labels())
    metrics = _metrics(trained, split, confusion)
    metrics |= {"epochs": run.epochs, "seconds": round(time.monotonic() - started, 2)}
    used = Check("the device", _is_on(trained.device, device), device, trained.device)
    return Findings(
        framework=run.framework,
        checks=(used, *evaluate(metrics, run.limits), comparison.check()),
        framework_version=framework.version(),
        device=trained.device,
        seed=run.seed,
        cuda=cuda,
        metrics=metrics,
        curves={"loss": trained.train_losses, "validation_loss": trained.validation_losses},
        confusion=confusion,
        reload=comparison,
    )


def _metrics(trained: Trained, split: data.Split, confusion: Matrix) -> dict[str, float]:
    validation = _confusion(split.validation, trained.validation_outputs.labels())
    return {
        "accuracy": accuracy(confusion),
        "macro_recall": macro_recall(confusion),
        "macro_f1": macro_f1(confusion),
        "validation_accuracy": accuracy(validation),
        "loss_initial": trained.train_losses[0],
        "loss_final": trained.train_losses[-1],
        "loss_ratio": loss_ratio(trained.train_losses),
        "train_samples": len(split.train.labels),
        "validation_samples": len(split.validation.labels),
        "test_samples": len(split.test.labels),
    }


def _confusion(part: data.Part, predicted: tuple[int, ...]) -> Matrix:
    labels: list[Any] = list(part.labels)
    return confusion_matrix([int(label) for label in labels], predicted, data.CLASSES)


def _is_on(used: str, wanted: str) -> bool:
    """``used`` is the device and, of a GPU, its model: ``cuda:0 NVIDIA H200``."""
    return used.split(" ")[0] == wanted
