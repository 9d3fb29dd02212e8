"""Case ``cnn``: a convolutional network with dropout, weight decay, augmentation and Adam."""

from __future__ import annotations

from deeprig_host.training.cases import CaseContext, CaseResult
from deeprig_host.training.life.learn import learn
from deeprig_host.training.life.learner import Tools
from deeprig_host.training.life.recipe import WHOLE_BATCH_SAMPLES, Recipe
from deeprig_host.training.life.steps import check_gradients, check_steps

RECIPE = Recipe(epochs=20, learning_rate=1e-2, batch_samples=WHOLE_BATCH_SAMPLES, is_augmented=True)


def run(tools: Tools, context: CaseContext) -> CaseResult:
    """Train, and judge on the test part."""
    build = tools.convolutional
    more = (check_steps(tools, "adam"), check_gradients(tools, context, build))
    return learn(tools, context, "cnn", RECIPE, build, more)
