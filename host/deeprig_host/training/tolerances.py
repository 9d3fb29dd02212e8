"""How far numbers may differ that should be the same, and why they do."""

from __future__ import annotations

from deeprig_host.training.device import CPU


def of_logits(device: str) -> float:
    """Return how far logits may differ that other kernels computed, or the same in another order.

    Measured on the CPU: 0 to 4e-6, of logits up to about 20 in float32 (6e-8 of them). A GPU may
    take TF32 for convolutions, with 10 bits: 1e-3 of a logit.
    """
    return 1e-4 if device == CPU else 5e-2


def of_repeated_training(device: str) -> float:
    """Return how far weights and losses may differ between two runs of the same training.

    On the CPU not at all (measured over ten seeds). Of a GPU, PyTorch's notes on reproducibility
    promise it for algorithms that have a deterministic form; each step makes a last bit grow, and
    what is lost without the optimiser's memory or dropout's random state is 0.04 (measured).
    """
    return 0.0 if device == CPU else 1e-3
