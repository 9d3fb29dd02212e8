"""Case ``reload``: saved, loaded in a new process, the model predicts the same; and trains on."""

from __future__ import annotations

import json
from pathlib import Path

from deeprig_host.training import data, reload
from deeprig_host.training.cases import CaseContext, CaseResult, judged
from deeprig_host.training.evaluation import Check
from deeprig_host.training.life.learner import Tools
from deeprig_host.training.life.recipe import WHOLE_BATCH_SAMPLES, Recipe
from deeprig_host.training.life.trained import TrainedNetwork, train_network
from deeprig_host.training.life.training import Trainer
from deeprig_host.training.scores import scores_of
from deeprig_host.training.thresholds import check_limits
from deeprig_host.training.tolerances import of_repeated_training

RECIPE = Recipe(epochs=8, batch_samples=WHOLE_BATCH_SAMPLES)
#: A training is cut in the middle: after so many epochs of as many again.
_HALF_EPOCHS = 2
_ORDER = "order.json"


def run(tools: Tools, context: CaseContext) -> CaseResult:
    """Train and save; predict in a new process; go on from a checkpoint."""
    trained = train_network(tools, context, RECIPE)
    trained.learner.save(context.workdir)
    data.save_test_images(trained.split.test.images, context.workdir)
    context.emit(0.5, "loading in a new process, going on from a checkpoint")
    saved = context.framework, context.workdir, context.device
    with reload.predicting_in_new_process(*saved) as outputs:
        resumes = _check_resumes(tools, trained, context)
        again = outputs()
    comparison = reload.compare(trained.test_outputs, again)
    scores = scores_of(trained.split, trained.split.test, again)
    checks = (
        comparison.check(),
        *check_limits("reload", scores.metrics()),
        scores.check_unseen(),
        resumes,
    )
    told = {"sha256": comparison.sha256, "reloaded_sha256": comparison.reloaded_sha256}
    return judged(checks, scores.measurements(), data=told)


def _check_resumes(tools: Tools, trained: TrainedNetwork, context: CaseContext) -> Check:
    """Cut in the middle and gone on from its checkpoint, a training ends with the same weights."""
    part = trained.split.train
    whole = _trainer(tools, part, context, context.seed)
    _train(whole, 2 * _HALF_EPOCHS)
    first = _trainer(tools, part, context, context.seed)
    _train(first, _HALF_EPOCHS)
    _save_checkpoint(first, context.workdir)
    second = _trainer(tools, part, context, context.seed + 1)
    _load_checkpoint(second, context.workdir)
    _train(second, _HALF_EPOCHS)
    one, other = whole.learner.weights(), second.learner.weights()
    off = max(float(abs(one[name] - other[name]).max()) for name in one)
    name = "cut and gone on from a checkpoint, it trains as in one go"
    most = of_repeated_training(context.device)
    return Check(name, off <= most, f"the same weights, within {most:g}", f"{off:.1e} off")


def _trainer(tools: Tools, part: data.Part, context: CaseContext, seed: int) -> Trainer:
    tools.make_repeatable(seed)
    return Trainer(tools.convolutional(RECIPE, seed, context.device), part, RECIPE, seed)


def _train(trainer: Trainer, epochs: int) -> None:
    for _ in range(epochs):
        trainer.train_epoch()


def _save_checkpoint(trainer: Trainer, workdir: Path) -> None:
    """Write all that the next step depends on; NumPy's state is whole numbers, so JSON holds it."""
    trainer.learner.save_checkpoint(workdir)
    state = json.dumps(trainer.random.bit_generator.state)
    (workdir / _ORDER).write_text(state, encoding="utf-8")


def _load_checkpoint(trainer: Trainer, workdir: Path) -> None:
    trainer.learner.load_checkpoint(workdir)
    state = json.loads((workdir / _ORDER).read_text(encoding="utf-8"))
    trainer.random.bit_generator.state = state
