"""What each rank of ``tensor_parallel`` does."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor.parallel import (
    ColwiseParallel,
    RowwiseParallel,
    parallelize_module,
)

from deeprig_host.training.pytorch import batches, perceptron
from deeprig_host.training.pytorch.rank import Rank


def work(rank: Rank) -> dict[str, Any]:
    """Divide the first layer by columns and the second by rows, and train.

    Of the two, as PyTorch's page on tensor parallelism recommends, only one sum goes over the
    ranks in the forward pass and one in the backward pass.
    """
    model = _model(rank)
    optimizer = batches.sgd(model.parameters())
    losses = []
    for images, labels in batches.read_batches(rank.workdir, rank.device):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    held = {name: one.to_local().numel() for name, one in model.named_parameters() if one.dim() > 1}
    # Every rank takes part in putting a weight together; the first writes it.
    whole = {name: _whole(one) for name, one in model.named_parameters()}
    if rank.number == 0:
        batches.save_weights(whole, rank.workdir / "weights.pt")
    return {"losses": losses, "held": held}


def _model(rank: Rank) -> Any:
    mesh = init_device_mesh("cpu" if rank.device == "cpu" else "cuda", (rank.count,))
    model = perceptron.two_layers(rank.count, rank.seed).to(rank.device)
    plan = {"first": ColwiseParallel(), "second": RowwiseParallel()}
    return parallelize_module(model, mesh, plan)


def _whole(weight: Any) -> Any:
    return weight.detach().full_tensor()
