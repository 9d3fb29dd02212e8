"""AdamW and SGD with momentum, by their formulas: TensorFlow's own optimisers are Keras'."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from deeprig_host.training.formulas import BETAS, EPSILON
from deeprig_host.training.life.recipe import MOMENTUM, Recipe


class Sgd(tf.Module):  # type: ignore[misc]  # tensorflow is not there where types are checked
    """SGD with momentum; weight decay is added to the gradient."""

    def __init__(self, recipe: Recipe, weights: Sequence[Any]) -> None:
        super().__init__()
        self._rate, self._decay = recipe.learning_rate, recipe.weight_decay
        self.velocity = _zeros(weights)

    def step(self, gradients: Sequence[Any], weights: Sequence[Any]) -> None:
        """Change the weights."""
        for gradient, weight, velocity in zip(gradients, weights, self.velocity, strict=True):
            velocity.assign(MOMENTUM * velocity + gradient + self._decay * weight)
            weight.assign_sub(self._rate * velocity)


class AdamW(tf.Module):  # type: ignore[misc]  # see above
    """Adam with weight decay apart from the gradient."""

    def __init__(self, recipe: Recipe, weights: Sequence[Any]) -> None:
        super().__init__()
        self._rate, self._decay = recipe.learning_rate, recipe.weight_decay
        self.steps = tf.Variable(0.0, trainable=False)
        self.first, self.second = _zeros(weights), _zeros(weights)

    def step(self, gradients: Sequence[Any], weights: Sequence[Any]) -> None:
        """Change the weights."""
        self.steps.assign_add(1.0)
        memory = zip(gradients, weights, self.first, self.second, strict=True)
        for gradient, weight, first, second in memory:
            first.assign(BETAS[0] * first + (1 - BETAS[0]) * gradient)
            second.assign(BETAS[1] * second + (1 - BETAS[1]) * gradient**2)
            mean = first / (1 - BETAS[0] ** self.steps)
            spread = tf.sqrt(second / (1 - BETAS[1] ** self.steps))
            decayed = weight * (1 - self._rate * self._decay)
            weight.assign(decayed - self._rate * mean / (spread + EPSILON))


def optimizer_for(recipe: Recipe, weights: Sequence[Any]) -> Sgd | AdamW:
    """Return the optimiser of a recipe. Raise KeyError for a name that is none."""
    makers: dict[str, type[Sgd] | type[AdamW]] = {"adam": AdamW, "sgd": Sgd}
    return makers[recipe.optimizer](recipe, weights)


def _zeros(weights: Sequence[Any]) -> list[Any]:
    return [tf.Variable(tf.zeros_like(one), trainable=False) for one in weights]
