"""Case ``early_stopping``: a network that learns by heart is stopped, and its best state kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from deeprig_host.training import data, early_stopping
from deeprig_host.training.cases import CaseContext, CaseResult, Measurement, judged
from deeprig_host.training.data import Part, Split
from deeprig_host.training.early_stopping_checks import stopping_checks
from deeprig_host.training.life.recipe import Epoch, Recipe
from deeprig_host.training.pytorch import learning, networks, runtime
from deeprig_host.training.pytorch.trained import copy_of

#: So few images, without dropout and weight decay, are learned by heart: validation turns.
_FEW_IMAGES = 100
_PATIENCE_EPOCHS = 5
RECIPE = Recipe(epochs=150, learning_rate=1e-2, weight_decay=0.0)


def run(context: CaseContext) -> CaseResult:
    """Train with early stopping, restore the best weights, and look whether they are the best."""
    runtime.make_repeatable(context.seed)
    split = _few(data.load_split(context.seed))
    model = networks.convolutional(dropout=0.0).to(context.device)
    stopper = early_stopping.EarlyStopping(_PATIENCE_EPOCHS)
    best: dict[str, Any] = {}

    def watch(epoch: Epoch) -> bool:
        if stopper.is_best(epoch.validation_loss):
            best.update(copy_of(model))
        context.emit(epoch.number / RECIPE.epochs, f"validation {epoch.validation_loss:.3f}")
        return stopper.must_stop

    epochs = learning.fit(model, split, RECIPE, context.seed, watch)
    model.load_state_dict(best)
    losses = tuple(epoch.validation_loss for epoch in epochs)
    restored = learning.loss_of(model, split.validation)
    curves = {"loss": tuple(epoch.loss for epoch in epochs), "validation_loss": losses}
    checks = stopping_checks(losses, _PATIENCE_EPOCHS, RECIPE.epochs, restored)
    return judged(checks, (Measurement("epochs", len(epochs) - 1, "epochs"),), curves)


def _few(split: Split) -> Split:
    """The first of a shuffled part are as good as any."""
    part = split.train
    few = Part(part.images[:_FEW_IMAGES], part.labels[:_FEW_IMAGES])
    return replace(split, train=few)
