"""How to train, and what is seen after each epoch."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

DROPOUT = 0.2
MOMENTUM = 0.9
#: 14 whole batches of the 1,078 images for training. With 64 the last has 54: another shape, and of
#: JAX another program to compile. ``smoke`` has no time for it; the other cases train with it.
WHOLE_BATCH_SAMPLES = 77


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. ``optimizer`` is ``adam`` (AdamW) or ``sgd`` (with momentum 0.9)."""

    epochs: int
    learning_rate: float = 3e-3
    weight_decay: float = 1e-3
    optimizer: str = "adam"
    batch_samples: int = 64
    is_augmented: bool = False
    dropout: float = DROPOUT


@dataclass(frozen=True, slots=True)
class Epoch:
    """Mean cross-entropies with dropout off, and the share of validation that is right.

    ``seconds`` is how long it took, the look at validation with it: that waits for the GPU.
    """

    number: int
    loss: float
    validation_loss: float
    validation_accuracy: float
    seconds: float = 0.0


def samples_per_second(epochs: tuple[Epoch, ...], samples: int) -> float | None:
    """Return how fast ``samples`` images an epoch were trained on, None of fewer than two epochs.

    The middle epoch's: the first compiles and allocates, and other work of the machine comes and
    goes.
    """
    seconds = [epoch.seconds for epoch in epochs if epoch.number > 1]
    middle = statistics.median(seconds) if seconds else 0.0
    return samples / middle if middle > 0 else None


#: Called before the first epoch (number 0) and after each; True ends the training.
Watch = Callable[[Epoch], bool]
