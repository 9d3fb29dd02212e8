"""The optimisers: optax's where the environment has it, else the same formulas in plain JAX."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from deeprig_host.training.formulas import BETAS, EPSILON
from deeprig_host.training.life.recipe import MOMENTUM, Recipe


@dataclass(frozen=True, slots=True)
class Optimizer:
    """``start(params)`` gives its memory, ``step(gradients, memory, params)`` both anew."""

    start: Callable[[Any], Any]
    step: Callable[[Any, Any, Any], tuple[Any, Any]]


def has_optax() -> bool:
    """Say whether the environment has optax."""
    return importlib.util.find_spec("optax") is not None


def optimizer_for(recipe: Recipe) -> Optimizer:
    """Return the optimiser of a recipe. Raise KeyError for a name that is none."""
    if has_optax():
        return _of_optax(recipe)
    return {"adam": _adamw, "sgd": _sgd}[recipe.optimizer](recipe)


def _of_optax(recipe: Recipe) -> Optimizer:
    import optax

    rate, decay = recipe.learning_rate, recipe.weight_decay
    chains = {
        "adam": lambda: optax.adamw(rate, *BETAS, eps=EPSILON, weight_decay=decay),
        "sgd": lambda: optax.chain(
            optax.add_decayed_weights(decay), optax.sgd(rate, momentum=MOMENTUM)
        ),
    }
    chain = chains[recipe.optimizer]()

    def step(gradients: Any, memory: Any, params: Any) -> tuple[Any, Any]:
        updates, memory = chain.update(gradients, memory, params)
        return optax.apply_updates(params, updates), memory

    return Optimizer(chain.init, step)


def _sgd(recipe: Recipe) -> Optimizer:
    rate, decay = recipe.learning_rate, recipe.weight_decay

    def step(gradients: Any, memory: Any, params: Any) -> tuple[Any, Any]:
        def velocity(old: Any, gradient: Any, weight: Any) -> Any:
            return MOMENTUM * old + gradient + decay * weight

        memory = jax.tree.map(velocity, memory, gradients, params)
        return jax.tree.map(lambda weight, v: weight - rate * v, params, memory), memory

    return Optimizer(_zeros, step)


def _adamw(recipe: Recipe) -> Optimizer:
    rate, decay = recipe.learning_rate, recipe.weight_decay

    def start(params: Any) -> Any:
        return jnp.zeros((), "int32"), _zeros(params), _zeros(params)

    def step(gradients: Any, memory: Any, params: Any) -> tuple[Any, Any]:
        steps, first, second = memory[0] + 1, memory[1], memory[2]
        first = jax.tree.map(lambda m, g: BETAS[0] * m + (1 - BETAS[0]) * g, first, gradients)
        second = jax.tree.map(lambda v, g: BETAS[1] * v + (1 - BETAS[1]) * g**2, second, gradients)

        def moved(weight: Any, m: Any, v: Any) -> Any:
            mean, spread = m / (1 - BETAS[0] ** steps), jnp.sqrt(v / (1 - BETAS[1] ** steps))
            return weight * (1 - rate * decay) - rate * mean / (spread + EPSILON)

        return jax.tree.map(moved, params, first, second), (steps, first, second)

    return Optimizer(start, step)


def _zeros(params: Any) -> Any:
    return jax.tree.map(jnp.zeros_like, params)
