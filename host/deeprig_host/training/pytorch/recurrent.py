"""Case ``recurrent``: an LSTM reads the digits row by row."""

from __future__ import annotations

from deeprig_host.training.cases import CaseContext, CaseResult, judged
from deeprig_host.training.life.recipe import Recipe
from deeprig_host.training.pytorch.networks import Recurrent
from deeprig_host.training.pytorch.steps import check_gradients
from deeprig_host.training.pytorch.trained import (
    check_device,
    check_dropout,
    check_every_layer_learns,
    train_network,
)
from deeprig_host.training.thresholds import check_limits

RECIPE = Recipe(epochs=25, learning_rate=1e-2)


def run(context: CaseContext) -> CaseResult:
    """Train, and judge on the test part."""
    trained = train_network(context, RECIPE, Recurrent)
    scores = trained.scores()
    checks = (
        check_device(trained, context),
        *check_limits("recurrent", trained.metrics()),
        scores.check_unseen(),
        check_every_layer_learns(trained),
        check_dropout(trained),
        check_gradients(Recurrent(dropout=0.0), context.device),
    )
    measured = trained.measurements()
    return judged(checks, measured, trained.curves(), {"confusion_matrix": scores.confusion})
