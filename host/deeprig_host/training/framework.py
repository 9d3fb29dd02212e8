"""What a framework module offers to the proof. A new framework is one module and one name here."""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from deeprig_host.training.data import Split
from deeprig_host.training.device import Cuda
from deeprig_host.training.outputs import Outputs

#: Frameworks of the single proof.
FRAMEWORKS = ("pytorch",)
#: Frameworks of the suite and of prediction; each is a package beside this module.
SUITE_FRAMEWORKS = ("pytorch", "keras", "tensorflow", "jax")
#: What Keras 3 computes with. It is chosen before Keras is imported (keras.io, "Configuring your
#: backend"), and processes that are started inherit the choice.
BACKENDS = ("torch", "tensorflow", "jax")


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


class SuiteFramework(Protocol):
    """What the package of every framework offers; its cases are modules of their own."""

    def version(self) -> str:
        """Return the framework's version."""

    def cuda(self) -> Cuda:
        """Return what the framework sees of CUDA. Why it does not start is evidence, not raised."""

    def predict_saved(self, images: Any, workdir: Path, device: str) -> Outputs:
        """Load what a case saved in ``workdir`` and predict; called in a new process."""

    def predict_exported(self, form: str, images: Any, workdir: Path, device: str) -> Outputs:
        """Load what the case ``export`` wrote as ``form`` and predict; called in a new process."""


class Framework(SuiteFramework, Protocol):
    """A framework that has the single proof too."""

    def train(self, split: Split, plan: Plan) -> Trained:
        """Train with all random generators seeded, and save the model to ``plan.workdir``."""


def load_framework(name: str, backend: str | None = None) -> Framework:
    """Import and return a framework. What its import raises is the caller's evidence."""
    if name not in SUITE_FRAMEWORKS:
        raise ValueError(f"{name} is not one of {SUITE_FRAMEWORKS}")
    if backend is not None:
        os.environ["KERAS_BACKEND"] = backend
    return cast("Framework", importlib.import_module(f"deeprig_host.training.{name}"))


if TYPE_CHECKING:
    from deeprig_host.training import pytorch

    _checked_by_mypy: tuple[Framework, ...] = (pytorch,)
