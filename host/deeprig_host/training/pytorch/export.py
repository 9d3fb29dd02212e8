"""Case ``export``: TorchScript, an exported program and ONNX predict as the trained model."""

from __future__ import annotations

from deeprig_host.training import data, export_checks
from deeprig_host.training.cases import CaseContext, CaseResult, judged
from deeprig_host.training.life.recipe import Recipe
from deeprig_host.training.pytorch.forms import FORMS, Form, example
from deeprig_host.training.pytorch.trained import TrainedNetwork, train_network

RECIPE = Recipe(epochs=8)
#: The share of the case after which the network is trained.
_TRAINED = 0.2


def run(context: CaseContext) -> CaseResult:
    """Train, export every form whose packages are there, and predict in a new process."""
    trained = train_network(context, RECIPE, shares=(0.0, _TRAINED))
    data.save_test_images(trained.split.test.images, context.workdir)
    there = [form for form in FORMS if not form.missing()]
    for number, form in enumerate(there):
        context.emit(_TRAINED + (1 - _TRAINED) * number / len(there), form.name)
        _write(trained, form, context)
    checks = [export_checks.check_form(form.name, trained.test_outputs, context) for form in there]
    missing = {form.name: list(form.missing()) for form in FORMS if form.missing()}
    sizes = {form.name: (context.workdir / form.file).stat().st_size for form in there}
    return judged(checks, data={"bytes": sizes, "not tried, because it needs": missing})


def _write(trained: TrainedNetwork, form: Form, context: CaseContext) -> None:
    trained.model.eval()
    images = example(trained.model, trained.split.test.images)
    form.write(trained.model, images, context.workdir / form.file)
