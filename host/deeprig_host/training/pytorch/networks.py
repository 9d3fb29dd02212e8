"""The networks that the cases train."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from deeprig_host.training.data import CLASSES

DROPOUT = 0.2
_ROW_PIXELS = 8
_MEMORY_NUMBERS = 64


def convolutional(dropout: float = DROPOUT) -> Any:
    """Return two convolutions, dropout, one linear layer: 6,090 weights."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(32 * 2 * 2, CLASSES),
    )


class Recurrent(nn.Module):  # type: ignore[misc]  # torch is not there where types are checked
    """An LSTM that reads an image row by row, and a linear layer on what it remembers."""

    def __init__(self, dropout: float = DROPOUT) -> None:
        super().__init__()
        self.memory = nn.LSTM(_ROW_PIXELS, _MEMORY_NUMBERS, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.answer = nn.Linear(_MEMORY_NUMBERS, CLASSES)

    def forward(self, images: torch.Tensor) -> Any:
        """Return logits of images (n, 1, 8, 8)."""
        steps, _ = self.memory(images[:, 0])
        return self.answer(self.dropout(steps[:, -1]))
