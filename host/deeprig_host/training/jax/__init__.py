"""JAX, with optax where the environment has it: what the suite asks of a framework."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deeprig_host.training.jax import learner
from deeprig_host.training.jax.forms import FORMS
from deeprig_host.training.jax.runtime import cuda, make_repeatable, version
from deeprig_host.training.life.training import outputs_of
from deeprig_host.training.outputs import Outputs

__all__ = ("cuda", "predict_exported", "predict_saved", "version")


def predict_saved(images: Any, workdir: Path, device: str) -> Outputs:
    """Load the weights for a new network and predict."""
    make_repeatable(seed=0)
    return outputs_of(learner.load(workdir, device).logits(images))


def predict_exported(form: str, images: Any, workdir: Path, device: str) -> Outputs:
    """Load an exported model and predict. Raise KeyError for a form that is none."""
    make_repeatable(seed=0)
    return {one.name: one for one in FORMS}[form].predict(workdir, images, device)
