"""What each rank of ``pipeline_parallel`` does.

Its own schedule over ``torch.distributed.send`` and ``recv``: all micro-batches forward, then all
backward (GPipe). ``torch.distributed.pipelining`` calls itself alpha, and older PyTorch has none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import distributed, nn

from deeprig_host.training.pytorch import batches, perceptron
from deeprig_host.training.pytorch.rank import Rank

MICRO_BATCHES = 4


@dataclass(slots=True)
class Stage:
    """One rank's layers, and what the backward pass of a batch needs: inputs and outputs."""

    rank: Rank
    layers: Any
    inputs: list[Any] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)

    @property
    def is_first(self) -> bool:
        """Whether it gets images."""
        return self.rank.number == 0

    @property
    def is_last(self) -> bool:
        """Whether it gets labels."""
        return self.rank.number == self.rank.count - 1

    def forward(self, images: Any, labels: Any) -> None:
        """Take what the stage before made (or images), and hand on what becomes of it."""
        given = images if self.is_first else self._received(images)
        made = self.layers(given)
        if self.is_last:
            made = nn.functional.cross_entropy(made, labels) / MICRO_BATCHES
        else:
            distributed.send(made.detach(), self.rank.number + 1)
        self.inputs.append(given)
        self.outputs.append(made)

    def backward(self, number: int) -> None:
        """Take the gradients of what was handed on, and hand back those of what was given."""
        made, given = self.outputs[number], self.inputs[number]
        if self.is_last:
            made.backward()
        else:
            gradients = torch.empty_like(made)
            distributed.recv(gradients, self.rank.number + 1)
            made.backward(gradients)
        if not self.is_first:
            distributed.send(given.grad, self.rank.number - 1)

    def _received(self, images: Any) -> Any:
        given = torch.empty(len(images), perceptron.WIDTH, device=self.rank.device)
        distributed.recv(given, self.rank.number - 1)
        return given.requires_grad_()


def work(rank: Rank) -> dict[str, Any]:
    """Train this rank's layers; the last rank knows the losses."""
    model = perceptron.blocks(rank.count, rank.seed).to(rank.device)
    mine = f"{rank.number + 1}."
    layers = model[:2] if rank.number == 0 else model[rank.number + 1]
    held = {name: one for name, one in model.state_dict().items() if name.startswith(mine)}
    optimizer = batches.sgd(layers.parameters())
    losses, passed = [], 0
    for images, labels in batches.read_batches(rank.workdir, rank.device):
        optimizer.zero_grad()
        stage = Stage(rank, layers)
        pairs = zip(images.chunk(MICRO_BATCHES), labels.chunk(MICRO_BATCHES), strict=True)
        for pair in pairs:
            stage.forward(*pair)
        for number in range(len(stage.outputs)):
            stage.backward(number)
        optimizer.step()
        passed += len(stage.outputs)
        if stage.is_last:
            losses.append(float(sum(one.detach() for one in stage.outputs)))
    # Weights are changed where they are: those that were looked up before are those of now.
    batches.save_weights(held, rank.workdir / f"stage-{rank.number}.pt")
    return {"losses": losses, "held": sorted(held), "micro_batches": passed}
