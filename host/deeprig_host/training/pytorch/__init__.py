"""PyTorch: the single proof, and what the suite asks of a framework. Cases are modules here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from deeprig_host.training.data import Split
from deeprig_host.training.framework import Plan, Trained
from deeprig_host.training.life.recipe import Recipe
from deeprig_host.training.outputs import Outputs
from deeprig_host.training.pytorch import learning
from deeprig_host.training.pytorch.forms import predict_exported
from deeprig_host.training.pytorch.networks import convolutional as build
from deeprig_host.training.pytorch.runtime import cuda, make_repeatable, place, version

__all__ = ("build", "cuda", "predict_exported", "predict_saved", "save", "train", "version")

MODEL = "model.pt"


def train(split: Split, plan: Plan) -> Trained:
    """Train with dropout and weight decay, and save the weights to ``plan.workdir``."""
    make_repeatable(plan.seed)
    model = build().to(torch.device(plan.device))
    epochs = learning.fit(model, split, Recipe(plan.epochs), plan.seed, lambda epoch: False)
    save(model, plan.workdir)
    return Trained(
        device=place(model),
        train_losses=tuple(epoch.loss for epoch in epochs),
        validation_losses=tuple(epoch.validation_loss for epoch in epochs),
        validation_outputs=learning.predict(model, split.validation.images),
        test_outputs=learning.predict(model, split.test.images),
    )


def save(model: Any, workdir: Path) -> None:
    """Write the weights of a convolutional network, for ``predict_saved``."""
    torch.save(model.state_dict(), workdir / MODEL)


def predict_saved(images: Any, workdir: Path, device: str) -> Outputs:
    """Load the weights into a new network and predict."""
    make_repeatable(seed=0)
    state = torch.load(workdir / MODEL, map_location=device, weights_only=True)
    model = build().to(device)
    model.load_state_dict(state)
    return learning.predict(model, images)
