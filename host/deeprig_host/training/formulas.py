"""Two steps of an optimiser by its formula, in plain Python, for comparison with a library's.

SGD with momentum and AdamW as in PyTorch's documentation of ``torch.optim`` (which gives Sutskever
et al. 2013 without dampening, and Loshchilov and Hutter 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

Numbers = tuple[float, ...]

#: Weights and two gradients with signs and sizes that differ.
START: Numbers = (1.0, -2.0, 0.5, 3.0)
GRADIENTS: tuple[Numbers, ...] = ((0.1, -0.2, 0.0, 4.0), (-0.3, 0.5, 0.2, -1.0))
LEARNING_RATE = 0.1
WEIGHT_DECAY = 0.01
MOMENTUM = 0.9
BETAS = (0.9, 0.999)
EPSILON = 1e-8
#: float32 has 24 bits: about 6e-8 of a weight of size 1 to 3, a few operations long.
TOLERANCE = 2e-6


def sgd_steps() -> Numbers:
    """Return the weights after SGD with momentum and weight decay saw ``GRADIENTS``."""
    weights, velocity = list(START), [0.0] * len(START)
    for gradients in GRADIENTS:
        for i, gradient in enumerate(gradients):
            velocity[i] = MOMENTUM * velocity[i] + gradient + WEIGHT_DECAY * weights[i]
            weights[i] -= LEARNING_RATE * velocity[i]
    return tuple(weights)


def adamw_steps() -> Numbers:
    """Return the weights after AdamW saw ``GRADIENTS``."""
    return tuple(_adamw(start, [g[i] for g in GRADIENTS]) for i, start in enumerate(START))


def largest_difference(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the largest absolute difference; NaN compares with nothing and is returned."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def _adamw(weight: float, gradients: Sequence[float]) -> float:
    first = second = 0.0
    for step, gradient in enumerate(gradients, start=1):
        weight -= LEARNING_RATE * WEIGHT_DECAY * weight
        first = BETAS[0] * first + (1 - BETAS[0]) * gradient
        second = BETAS[1] * second + (1 - BETAS[1]) * gradient**2
        mean = first / (1 - BETAS[0] ** step)
        spread = sqrt(second / (1 - BETAS[1] ** step))
        weight -= LEARNING_RATE * mean / (spread + EPSILON)
    return weight
