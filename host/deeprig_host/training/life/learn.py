"""What the cases ``cnn``, ``sgd`` and ``recurrent`` have in common: train, and judge the result."""

from __future__ import annotations

from deeprig_host.training.cases import CaseContext, CaseResult, judged
from deeprig_host.training.evaluation import Check
from deeprig_host.training.life.learner import Tools
from deeprig_host.training.life.recipe import Recipe
from deeprig_host.training.life.trained import (
    Build,
    check_device,
    check_dropout,
    check_every_layer_learns,
    train_network,
)
from deeprig_host.training.thresholds import check_limits


def learn(
    tools: Tools,
    context: CaseContext,
    case: str,
    recipe: Recipe,
    build: Build,
    more: tuple[Check, ...],
) -> CaseResult:
    """Train, and judge on the test part; ``more`` are checks of this case alone."""
    trained = train_network(tools, context, recipe, build)
    scores = trained.scores()
    checks = (
        check_device(trained, context),
        *check_limits(case, trained.metrics()),
        scores.check_unseen(),
        check_every_layer_learns(trained),
        check_dropout(trained),
        *more,
    )
    measured = trained.measurements()
    return judged(checks, measured, trained.curves(), {"confusion_matrix": scores.confusion})
