"""Case ``cnn``: a convolutional network with dropout, weight decay, augmentation and Adam."""

from __future__ import annotations

from deeprig_host.training.cases import CaseContext, CaseResult, judged
from deeprig_host.training.life.recipe import Recipe
from deeprig_host.training.pytorch import networks
from deeprig_host.training.pytorch.steps import check_gradients, check_steps
from deeprig_host.training.pytorch.trained import (
    check_device,
    check_dropout,
    check_every_layer_learns,
    train_network,
)
from deeprig_host.training.thresholds import check_limits

RECIPE = Recipe(epochs=20, learning_rate=1e-2, is_augmented=True)


def run(context: CaseContext) -> CaseResult:
    """Train, and judge on the test part."""
    trained = train_network(context, RECIPE)
    scores = trained.scores()
    checks = (
        check_device(trained, context),
        *check_limits("cnn", trained.metrics()),
        scores.check_unseen(),
        check_every_layer_learns(trained),
        check_dropout(trained),
        check_gradients(networks.convolutional(dropout=0.0), context.device),
        check_steps("adam", context.device),
    )
    measured = trained.measurements()
    return judged(checks, measured, trained.curves(), {"confusion_matrix": scores.confusion})
