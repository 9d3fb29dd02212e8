"""Case ``recurrent``: an LSTM reads the digits row by row."""

from __future__ import annotations

from deeprig_host.training.cases import CaseContext, CaseResult
from deeprig_host.training.life.learn import learn
from deeprig_host.training.life.learner import Tools
from deeprig_host.training.life.recipe import WHOLE_BATCH_SAMPLES, Recipe
from deeprig_host.training.life.steps import check_gradients

RECIPE = Recipe(epochs=25, learning_rate=1e-2, batch_samples=WHOLE_BATCH_SAMPLES)


def run(tools: Tools, context: CaseContext) -> CaseResult:
    """Train, and judge on the test part."""
    more = (check_gradients(tools, context, tools.recurrent),)
    return learn(tools, context, "recurrent", RECIPE, tools.recurrent, more)
