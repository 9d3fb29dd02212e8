"""What a framework module offers to the proof. A new framework is one module and one name here."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from deeprig_host.training.data import Split
from deeprig_host.training.device import Cuda
from deeprig_host.training.outputs import Outputs

#: Names on the command line; each is a module of this package.
FRAMEWORKS = ("pytorch",)


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train: where, how often over the data, from which seed; and where to save."""

    device: str
    epochs: int
    seed: int
    workdir: Path


@dataclass(frozen=True, slots=True)
class Trained:
    """What training gave. Losses are mean cross-entropies with dropout off: the first before any
    step, then one per epoch. ``device`` is where the weights really were."""

    device: str
    train_losses: tuple[float, ...]
    validation_losses: tuple[float, ...]
    validation_outputs: Outputs
    test_outputs: Outputs


class Framework(Protocol):
    """The functions of a framework module."""

    def version(self) -> str:
        """Return the framework's version."""

    def cuda(self) -> Cuda:
        """Return what the framework sees of CUDA. Why it does not start is evidence, not raised."""

    def train(self, split: Split, plan: Plan) -> Trained:
        """Train with all random generators seeded, and save the model to ``plan.workdir``."""

    def predict_saved(self, images: Any, workdir: Path, device: str) -> Outputs:
        """Load what ``train`` saved and predict; called in a new process."""


def load_framework(name: str) -> Framework:
    """Import and return a framework. What its import raises is the caller's evidence."""
    if name not in FRAMEWORKS:
        raise ValueError(f"{name} is not one of {FRAMEWORKS}")
    return cast("Framework", importlib.import_module(f"deeprig_host.training.{name}"))


if TYPE_CHECKING:
    from deeprig_host.training import pytorch

    _checked_by_mypy: tuple[Framework, ...] = (pytorch,)
