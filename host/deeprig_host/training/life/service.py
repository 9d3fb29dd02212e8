"""Case ``service``: the saved model answers over HTTP from a process of its own."""

from __future__ import annotations

from deeprig_host.training.cases import CaseContext, CaseResult, judged
from deeprig_host.training.life.learner import Tools
from deeprig_host.training.life.recipe import Recipe
from deeprig_host.training.life.trained import train_network
from deeprig_host.training.service_checks import ask_service

RECIPE = Recipe(epochs=8)


def run(tools: Tools, context: CaseContext) -> CaseResult:
    """Train, save, serve, ask."""
    trained = train_network(tools, context, RECIPE)
    trained.learner.save(context.workdir)
    context.emit(0.7, "asking the service")
    checks, measured = ask_service(context, trained.split, trained.test_outputs)
    return judged(checks, measured)
