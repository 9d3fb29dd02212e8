"""Keras 3 on PyTorch, TensorFlow or JAX: what the suite asks of a framework.

Keras takes its backend from ``KERAS_BACKEND`` at its import, and processes that are started inherit
it. What is beneath, CUDA and its repeatable runs, is asked of the backend.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from deeprig_host.training.device import Cuda
from deeprig_host.training.keras import backend, learner
from deeprig_host.training.keras.forms import FORMS
from deeprig_host.training.life.training import outputs_of
from deeprig_host.training.outputs import Outputs


def version() -> str:
    """Return the framework's version."""
    return str(keras.__version__)


def cuda() -> Cuda:
    """Return what the backend sees of CUDA."""
    return backend.cuda()


def predict_saved(images: Any, workdir: Path, device: str) -> Outputs:
    """Load the whole model, its network too, and predict."""
    backend.make_repeatable(seed=0)
    return outputs_of(learner.load(workdir, device).logits(images))


def predict_exported(form: str, images: Any, workdir: Path, device: str) -> Outputs:
    """Load an exported model and predict. Raise KeyError for a form that is none."""
    backend.make_repeatable(seed=0)
    return {one.name: one for one in FORMS}[form].predict(workdir, images, device)
