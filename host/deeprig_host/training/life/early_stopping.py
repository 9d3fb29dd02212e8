"""Case ``early_stopping``: a network that learns by heart is stopped, and its best state kept."""

from __future__ import annotations

from dataclasses import replace

from deeprig_host.training import data, early_stopping
from deeprig_host.training.cases import CaseContext, CaseResult, Measurement, judged
from deeprig_host.training.data import Part, Split
from deeprig_host.training.early_stopping_checks import stopping_checks
from deeprig_host.training.life import training
from deeprig_host.training.life.learner import Tools, Weights
from deeprig_host.training.life.recipe import Epoch, Recipe

#: So few images, without dropout and weight decay, are learned by heart: validation turns.
_FEW_IMAGES = 100
PATIENCE_EPOCHS = 5
RECIPE = Recipe(epochs=150, learning_rate=1e-2, weight_decay=0.0, dropout=0.0)


def run(tools: Tools, context: CaseContext) -> CaseResult:
    """Train with early stopping, restore the best weights, and look whether they are the best."""
    tools.make_repeatable(context.seed)
    split = few(data.load_split(context.seed))
    learner = tools.convolutional(RECIPE, context.seed, context.device)
    stopper = early_stopping.EarlyStopping(PATIENCE_EPOCHS)
    best: list[Weights] = []

    def watch(epoch: Epoch) -> bool:
        if stopper.is_best(epoch.validation_loss):
            best[:] = [learner.weights()]
        context.emit(epoch.number / RECIPE.epochs, f"validation {epoch.validation_loss:.3f}")
        return stopper.must_stop

    epochs = training.fit(learner, split, RECIPE, context.seed, watch)
    learner.set_weights(best[0])
    losses = tuple(epoch.validation_loss for epoch in epochs)
    restored = training.loss_of(learner, split.validation)
    curves = {"loss": tuple(epoch.loss for epoch in epochs), "validation_loss": losses}
    checks = stopping_checks(losses, PATIENCE_EPOCHS, RECIPE.epochs, restored)
    return judged(checks, (Measurement("epochs", len(epochs) - 1, "epochs"),), curves)


def few(split: Split) -> Split:
    """Return the split with few images to train with: the first of a shuffled part."""
    part = split.train
    return replace(split, train=Part(part.images[:_FEW_IMAGES], part.labels[:_FEW_IMAGES]))
