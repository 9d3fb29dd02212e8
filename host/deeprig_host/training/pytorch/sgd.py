"""Case ``sgd``: the same network by SGD with momentum and weight decay, without augmentation."""

from __future__ import annotations

from deeprig_host.training.cases import CaseContext, CaseResult, judged
from deeprig_host.training.life.recipe import Recipe
from deeprig_host.training.pytorch.steps import check_steps
from deeprig_host.training.pytorch.trained import (
    check_device,
    check_every_layer_learns,
    train_network,
)
from deeprig_host.training.thresholds import check_limits

RECIPE = Recipe(epochs=20, learning_rate=0.05, optimizer="sgd")


def run(context: CaseContext) -> CaseResult:
    """Train, and judge on the test part."""
    trained = train_network(context, RECIPE)
    scores = trained.scores()
    checks = (
        check_device(trained, context),
        *check_limits("sgd", trained.metrics()),
        scores.check_unseen(),
        check_every_layer_learns(trained),
        check_steps("sgd", context.device),
    )
    measured = trained.measurements()
    return judged(checks, measured, trained.curves(), {"confusion_matrix": scores.confusion})
