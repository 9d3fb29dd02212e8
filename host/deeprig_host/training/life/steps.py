"""Gradients and optimisers against mathematics: a loss falls with wrong ones too."""

from __future__ import annotations

from typing import Any

from deeprig_host.training import data, formulas
from deeprig_host.training.cases import CaseContext
from deeprig_host.training.evaluation import Check
from deeprig_host.training.life.learner import Learner, Tools
from deeprig_host.training.life.recipe import Recipe
from deeprig_host.training.life.trained import Build
from deeprig_host.training.life.training import loss_of

#: So many images that no kink of a ReLU weighs much.
_IMAGES = 256
#: How far weights are moved, by the length of all of them: further, the loss is no straight line;
#: less far, float32 logits carry too few digits of the difference.
_STEP = 3e-4
#: Of the slope; ``docs/training.md`` has what was measured.
_TOLERANCE = 3e-3
#: One step of SGD without memory moves weights by exactly their gradients.
_ONE_GRADIENT = Recipe(0, learning_rate=1.0, weight_decay=0.0, optimizer="sgd", dropout=0.0)


def check_steps(tools: Tools, optimizer: str) -> Check:
    """Two steps with momentum and weight decay give what the formula gives."""
    recipe = Recipe(0, formulas.LEARNING_RATE, formulas.WEIGHT_DECAY, optimizer)
    seen = tools.optimizer_steps(recipe, formulas.START, formulas.GRADIENTS)
    off = formulas.largest_difference(seen, tools.expected_steps(optimizer))
    return Check(
        "a step is as its formula",
        off <= formulas.TOLERANCE,
        f"{optimizer}: within {formulas.TOLERANCE:g}",
        f"{off:.1e} off",
    )


def check_gradients(tools: Tools, context: CaseContext, build: Build) -> Check:
    """The gradient of every layer's weights is the slope that small differences show.

    The framework gives the gradient as what one step of plain SGD takes away. Along it, the loss
    must rise as steeply as it is long; each weight tensor is looked at by itself. In full float32:
    of TF32, such small steps are lost.
    """
    tools.make_repeatable(context.seed)
    part = data.load_split(context.seed).train
    few = data.Part(part.images[:_IMAGES], part.labels[:_IMAGES])
    with tools.full_precision():
        learner = build(_ONE_GRADIENT, context.seed, context.device)
        start = learner.weights()
        learner.train_epoch(few.images, few.labels, _IMAGES)
        after = learner.weights()
        off = {name: _off(learner, few, start, name, start[name] - after[name]) for name in start}
    name, worst = max(off.items(), key=lambda one: one[1])
    return Check(
        "gradients are right",
        all(one <= _TOLERANCE for one in off.values()),
        f"as by small differences, within {_TOLERANCE:g}",
        f"{worst:.1e} off ({name})",
    )


def _off(learner: Learner, part: data.Part, start: Any, name: str, gradient: Any) -> float:
    """Return by how much the slope differs from the gradient's length, as a share of it."""
    import numpy as np

    length = float(np.linalg.norm(gradient.astype("float64")))
    if not length > 0:
        return float("inf")
    losses = []
    for sign in (1, -1):
        moved = (start[name] + sign * _STEP / length * gradient).astype("float32")
        learner.set_weights({**start, name: moved})
        losses.append(loss_of(learner, part))
    return float(abs((losses[0] - losses[1]) / (2 * _STEP) - length) / length)
