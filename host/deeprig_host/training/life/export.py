"""Case ``export``: each form in which a model leaves the framework predicts as the trained one."""

from __future__ import annotations

from deeprig_host.training import data, export_checks
from deeprig_host.training.cases import CaseContext, CaseResult, judged, skipped
from deeprig_host.training.life.learner import Tools
from deeprig_host.training.life.recipe import Recipe
from deeprig_host.training.life.trained import train_network

RECIPE = Recipe(epochs=8)


def run(tools: Tools, context: CaseContext) -> CaseResult:
    """Train, export every form whose packages are there, and predict in a new process."""
    missing = {form.name: list(form.missing()) for form in tools.FORMS if form.missing()}
    there = [form for form in tools.FORMS if form.name not in missing]
    if not there:
        needs = "; ".join(f"{name}: {', '.join(packages)}" for name, packages in missing.items())
        return skipped(f"the environment lacks what every form needs: {needs or 'no form'}")
    trained = train_network(tools, context, RECIPE)
    data.save_test_images(trained.split.test.images, context.workdir)
    checks = []
    for number, form in enumerate(there):
        context.emit((number + 1) / (len(there) + 1), form.name)
        form.write(trained.learner, context.workdir)
        checks.append(export_checks.check_form(form.name, trained.test_outputs, context))
    return judged(checks, data={"not tried, because it needs": missing})
