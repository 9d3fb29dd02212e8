"""PyTorch itself: its version, what it sees of CUDA, repeatable runs."""

from __future__ import annotations

import os
import random
from typing import Any

import torch

from deeprig_host.training.device import Cuda


def version() -> str:
    """Return the framework's version."""
    return str(torch.__version__)


def cuda() -> Cuda:
    """Return what PyTorch sees of CUDA, with its own words where it sees none."""
    is_available = bool(torch.cuda.is_available())
    count = int(torch.cuda.device_count())
    if not is_available:
        return Cuda(torch.version.cuda, is_available, count, error=_initialisation_error())
    names = tuple(str(torch.cuda.get_device_name(index)) for index in range(count))
    return Cuda(torch.version.cuda, is_available, count, names)


def make_repeatable(seed: int) -> None:
    """Seed every generator and choose algorithms that give the same bits again.

    PyTorch's notes on reproducibility: cuBLAS needs a fixed workspace, set before its first use;
    ``warn_only`` because a missing deterministic kernel of the backward pass is no reason to
    fail: what must be bit-equal here is prediction.

    One thread: sums in another order have other bits, and for networks as small as these, threads
    cost more than they give (measured on 2 busy cores: 5 times the CPU time with two).
    """
    torch.set_num_threads(1)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    random.seed(seed)
    torch.manual_seed(seed)
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True, warn_only=True)


def place(model: Any) -> str:
    """Return where the weights really are, and of a GPU its model."""
    device = next(model.parameters()).device
    return f"{device} {torch.cuda.get_device_name(device)}" if device.type == "cuda" else "cpu"


def _initialisation_error() -> str:
    """Return why CUDA does not start, in one line; AssertionError is a build without it."""
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as problem:
        return " ".join(str(problem).split())
    return ""
