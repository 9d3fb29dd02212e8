"""Case ``reload``: saved, loaded in a new process, the model predicts the same; and trains on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from deeprig_host.training import data, reload
from deeprig_host.training.cases import CaseContext, CaseResult, judged
from deeprig_host.training.evaluation import Check
from deeprig_host.training.life.recipe import Recipe
from deeprig_host.training.pytorch import learning, networks, runtime, save
from deeprig_host.training.pytorch.trained import TrainedNetwork, copy_of, train_network
from deeprig_host.training.scores import scores_of
from deeprig_host.training.thresholds import check_limits
from deeprig_host.training.tolerances import of_repeated_training

RECIPE = Recipe(epochs=8)
#: A training is cut in the middle: after so many epochs of as many again.
_HALF_EPOCHS = 2


def run(context: CaseContext) -> CaseResult:
    """Train and save; predict in a new process; go on from a checkpoint."""
    trained = train_network(context, RECIPE, shares=(0.0, 0.4))
    save(trained.model, context.workdir)
    images = trained.split.test.images
    data.save_test_images(images, context.workdir)
    context.emit(0.4, "loading in a new process, going on from a checkpoint")
    saved = context.framework, context.workdir, context.device
    with reload.predicting_in_new_process(*saved) as outputs:
        resumes = _check_resumes(trained, context)
        again = outputs()
    comparison = reload.compare(trained.test_outputs, again)
    scores = scores_of(trained.split, trained.split.test, again)
    checks = (
        comparison.check(),
        *check_limits("reload", scores.metrics()),
        scores.check_unseen(),
        resumes,
    )
    told = {"sha256": comparison.sha256, "reloaded_sha256": comparison.reloaded_sha256}
    return judged(checks, scores.measurements(), data=told)


def _check_resumes(trained: TrainedNetwork, context: CaseContext) -> Check:
    """Cut in the middle and gone on from its checkpoint, a training ends with the same weights."""
    part = trained.split.train
    whole = _trainer(part, context)
    _train(whole, 2 * _HALF_EPOCHS)
    first = _trainer(part, context)
    _train(first, _HALF_EPOCHS)
    checkpoint = context.workdir / "checkpoint.pt"
    _save_checkpoint(first, checkpoint)
    runtime.make_repeatable(context.seed + 1)
    second = _trainer(part, context, seed=context.seed + 1)
    _load_checkpoint(second, checkpoint, context.device)
    _train(second, _HALF_EPOCHS)
    one, other = copy_of(whole.model), copy_of(second.model)
    off = max(float((one[name] - other[name]).abs().max()) for name in one)
    name = "cut and gone on from a checkpoint, it trains as in one go"
    most = of_repeated_training(context.device)
    return Check(name, off <= most, f"the same weights, within {most:g}", f"{off:.1e} off")


def _trainer(part: data.Part, context: CaseContext, seed: int | None = None) -> learning.Trainer:
    chosen = context.seed if seed is None else seed
    runtime.make_repeatable(chosen)
    model = networks.convolutional().to(context.device)
    return learning.Trainer(model, part, RECIPE, chosen)


def _train(trainer: learning.Trainer, epochs: int) -> None:
    for _ in range(epochs):
        trainer.train_epoch()


def _save_checkpoint(trainer: learning.Trainer, path: Path) -> None:
    """Write all that the next step depends on: weights, the optimiser's memory, both randoms."""
    torch.save(
        {
            "model": trainer.model.state_dict(),
            "optimizer": trainer.optimizer.state_dict(),
            "order": trainer.random.bit_generator.state,
            "dropout": _dropout_state(learning.device_of(trainer.model)),
        },
        path,
    )


def _load_checkpoint(trainer: learning.Trainer, path: Path, device: str) -> None:
    # Generator states are bytes on the CPU (torch.set_rng_state), so nothing is moved here.
    told = torch.load(path, map_location="cpu", weights_only=True)
    trainer.model.load_state_dict(told["model"])
    trainer.optimizer.load_state_dict(told["optimizer"])
    order = np.random.default_rng()
    order.bit_generator.state = told["order"]
    trainer.random = order
    if device == "cpu":
        torch.set_rng_state(told["dropout"])
    else:
        torch.cuda.set_rng_state(told["dropout"], device)


def _dropout_state(device: Any) -> Any:
    return torch.get_rng_state() if device.type == "cpu" else torch.cuda.get_rng_state(device)
