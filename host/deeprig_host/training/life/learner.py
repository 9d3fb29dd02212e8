"""What a framework offers to the shared cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from deeprig_host.training.life.recipe import Recipe
from deeprig_host.training.outputs import Outputs

#: Weights by name, NumPy arrays: copies.
Weights = Mapping[str, Any]


class Learner(Protocol):
    """A network on its device, with the optimiser that trains it. Images are (n, 1, 8, 8)."""

    def train_epoch(self, images: Any, labels: Any, batch_samples: int) -> None:
        """Take one step per batch, in the order given. The last batch may be smaller."""

    def logits(self, images: Any) -> Any:
        """Return float32 NumPy (n, 10), with dropout off."""

    def logits_in_training(self, images: Any) -> Any:
        """Return the same with dropout on: other numbers each time."""

    def weights(self) -> Weights:
        """Return a copy of all trainable weights."""

    def set_weights(self, weights: Weights) -> None:
        """Put weights in; the optimiser keeps its memory."""

    def place(self) -> str:
        """Return where the weights really are, and of a GPU its model."""

    def save(self, workdir: Path) -> None:
        """Write the model for ``predict_saved``, as users of the framework do."""

    def save_checkpoint(self, workdir: Path) -> None:
        """Write all that the next step depends on but the order of the images."""

    def load_checkpoint(self, workdir: Path) -> None:
        """Read what ``save_checkpoint`` wrote."""


class Form(Protocol):
    """A form in which models leave the framework, read again without the network's code."""

    @property
    def name(self) -> str:
        """Return how it is called."""

    def missing(self) -> tuple[str, ...]:
        """Return the packages that the environment does not have."""

    def write(self, learner: Any, workdir: Path) -> None:
        """Write the form."""

    def predict(self, workdir: Path, images: Any, device: str) -> Outputs:
        """Read the form and predict."""


class Tools(Protocol):
    """The module ``tools`` of a framework."""

    @property
    def FORMS(self) -> tuple[Form, ...]:  # noqa: N802 - a constant of a module
        """Return the forms."""

    def make_repeatable(self, seed: int) -> None:
        """Seed every generator and choose algorithms that give the same bits again."""

    def full_precision(self) -> AbstractContextManager[Any]:
        """Compute products in float32, not in the TF32 that a GPU may take for them."""

    def convolutional(self, recipe: Recipe, seed: int, device: str) -> Learner:
        """Return two convolutions, dropout, one linear layer."""

    def recurrent(self, recipe: Recipe, seed: int, device: str) -> Learner:
        """Return an LSTM that reads an image row by row, dropout, one linear layer."""

    def optimizer_steps(
        self, recipe: Recipe, start: Sequence[float], gradients: Sequence[Sequence[float]]
    ) -> Sequence[float]:
        """Return the weights after the recipe's optimiser saw these gradients."""

    def expected_steps(self, optimizer: str) -> Sequence[float]:
        """Return what the formula of that optimiser gives (``formulas``)."""

    def load_shuffled(self, images: Any, batch_samples: int, seed: int, device: str) -> Any:
        """Load by the framework's own means, onto the device and back.

        Return the images as they came and the number that each had: (n, 1, 8, 8) and (n,).
        """
