"""The network that is divided over ranks: by the numbers of a layer, or layer by layer."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
from torch import nn

from deeprig_host.training.data import CLASSES

#: Of a digit, 8 by 8.
PIXELS = 64
WIDTH = 64


def two_layers(ranks: int, seed: int) -> Any:
    """Return ``first`` and ``second``, whose numbers between can be divided by the ranks."""
    torch.manual_seed(seed)
    hidden = WIDTH * ranks
    return nn.Sequential(
        OrderedDict(
            flat=nn.Flatten(),
            first=nn.Linear(PIXELS, hidden),
            between=nn.ReLU(),
            second=nn.Linear(hidden, CLASSES),
        )
    )


class Residual(nn.Module):  # type: ignore[misc]  # torch is not there where types are checked
    """A layer that adds to what it is given, so that many one after the other still learn.

    Measured with 8 of them, 48 batches, two seeds: the loss stays at 2.2 without the sum, and falls
    to 0.2 and 0.4 with it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(WIDTH, WIDTH)

    def forward(self, numbers: torch.Tensor) -> Any:
        """Return as many numbers."""
        return numbers + torch.tanh(self.layer(numbers))


def blocks(count: int, seed: int) -> Any:
    """Return one block per rank, each from ``WIDTH`` numbers to ``WIDTH``, the last to classes."""
    torch.manual_seed(seed)
    inner = [Residual() for _ in range(count - 1)]
    last = nn.Sequential(Residual(), nn.Linear(WIDTH, CLASSES))
    return nn.Sequential(nn.Flatten(), *inner, last)
