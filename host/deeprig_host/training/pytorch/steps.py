"""PyTorch's gradients and optimisers against mathematics: a loss falls with wrong ones too."""

from __future__ import annotations

from typing import Any

import torch
from torch.autograd import gradcheck
from torch.autograd.gradcheck import GradcheckError

from deeprig_host.training import formulas
from deeprig_host.training.evaluation import Check
from deeprig_host.training.life.recipe import Recipe
from deeprig_host.training.pytorch.learning import optimizer_for

_IMAGES = 2
_SEED = 0
#: gradcheck explains at length what a line cannot hold.
_TEXT = 200
#: Two backward passes on a GPU may add in another order (cuDNN, PyTorch on reproducibility).
_REPEAT_TOLERANCE = 1e-7


def check_steps(optimizer: str, device: str) -> Check:
    """Two steps with momentum and weight decay give what the formula gives."""
    expected = formulas.sgd_steps() if optimizer == "sgd" else formulas.adamw_steps()
    weights = torch.nn.Parameter(torch.tensor(formulas.START, device=device))
    recipe = Recipe(0, formulas.LEARNING_RATE, formulas.WEIGHT_DECAY, optimizer)
    stepper = optimizer_for([weights], recipe)
    for gradients in formulas.GRADIENTS:
        stepper.zero_grad()
        # The gradient of a sum of products is the other factor.
        (weights * torch.tensor(gradients, device=device)).sum().backward()
        stepper.step()
    difference = formulas.largest_difference(weights.detach().cpu().tolist(), expected)
    return Check(
        "a step is as its formula",
        difference <= formulas.TOLERANCE,
        f"{optimizer}: within {formulas.TOLERANCE:g}",
        f"{difference:.1e} off",
    )


def check_gradients(network: Any, device: str) -> Check:
    """Gradients of a network's images and of all its weights are what small differences say.

    ``network`` has no dropout, and is in training: cuDNN's recurrent networks know no backward pass
    else. In float64, as gradcheck needs it; its fast mode looks along one random direction, where
    a wrong number shows as well as along each axis.
    """
    model = network.double().to(device).train()
    weights = dict(model.named_parameters())
    random = torch.Generator().manual_seed(_SEED)
    images = torch.randn((_IMAGES, 1, 8, 8), generator=random, dtype=torch.float64).to(device)

    def answer(seen: Any, *given: Any) -> Any:
        named = dict(zip(weights, given, strict=True))
        return torch.func.functional_call(model, named, (seen,))

    inputs = (images.requires_grad_(), *weights.values())
    try:
        gradcheck(answer, inputs, fast_mode=True, nondet_tol=_REPEAT_TOLERANCE)
    except GradcheckError as problem:
        return _gradients(False, " ".join(str(problem).split())[:_TEXT])
    return _gradients(True, "they agree")


def _gradients(is_good: bool, actual: str) -> Check:
    return Check("gradients are right", is_good, "as by small differences", actual)
