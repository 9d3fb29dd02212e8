"""Case ``sgd``: the same network by SGD with momentum and weight decay, without augmentation."""

from __future__ import annotations

from deeprig_host.training.cases import CaseContext, CaseResult
from deeprig_host.training.life.learn import learn
from deeprig_host.training.life.learner import Tools
from deeprig_host.training.life.recipe import Recipe
from deeprig_host.training.life.steps import check_steps

RECIPE = Recipe(epochs=20, learning_rate=0.05, optimizer="sgd")


def run(tools: Tools, context: CaseContext) -> CaseResult:
    """Train, and judge on the test part."""
    more = (check_steps(tools, "sgd"),)
    return learn(tools, context, "sgd", RECIPE, tools.convolutional, more)
