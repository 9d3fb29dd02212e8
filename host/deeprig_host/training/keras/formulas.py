"""Keras' SGD by its formula: weight decay is taken off the weights, apart from the gradient.

As in Keras' documentation of ``keras.optimizers.SGD`` (momentum) and of ``weight_decay``; PyTorch's
adds the decay to the gradient (``deeprig_host.training.formulas``).
"""

from __future__ import annotations

from deeprig_host.training.formulas import GRADIENTS, LEARNING_RATE, MOMENTUM, START, WEIGHT_DECAY


def sgd_steps() -> tuple[float, ...]:
    """Return the weights after SGD with momentum and weight decay saw ``GRADIENTS``."""
    weights, velocity = list(START), [0.0] * len(START)
    for gradients in GRADIENTS:
        for i, gradient in enumerate(gradients):
            weights[i] -= LEARNING_RATE * WEIGHT_DECAY * weights[i]
            velocity[i] = MOMENTUM * velocity[i] - LEARNING_RATE * gradient
            weights[i] += velocity[i]
    return tuple(weights)
