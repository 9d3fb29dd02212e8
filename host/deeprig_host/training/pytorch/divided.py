"""What the two ways of dividing a model over ranks have in common: the whole is the reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deeprig_host.training import data
from deeprig_host.training.cases import CaseContext
from deeprig_host.training.evaluation import Check
from deeprig_host.training.pytorch import batches, runtime
from deeprig_host.training.pytorch.processes import rank_count, run_ranks

_SAMPLES = 64
_BATCHES = 48
#: From how many ranks there are, and a seed, to a network.
Build = Callable[[int, int], Any]


@dataclass(frozen=True, slots=True)
class Divided:
    """What ranks said, the weights before and after by one process, and its losses."""

    told: tuple[dict[str, Any], ...]
    start: dict[str, Any]
    alone: dict[str, Any]
    losses: tuple[float, ...]

    def check_losses(self, losses: list[float], tolerance: float = 1e-3) -> Check:
        """Each batch's loss, as the divided model saw it, is that of the whole."""
        pairs = zip(self.losses, losses, strict=False)
        off = max((abs(one - other) for one, other in pairs), default=float("inf"))
        return Check(
            "the same loss in each batch",
            len(losses) == len(self.losses) and off <= tolerance,
            f"{len(self.losses)} losses within {tolerance:g}",
            f"{len(losses)} losses, {off:.1e} off",
        )


def train_both(work: str, build: Build, context: CaseContext) -> Divided:
    """Train the whole model in this process and the divided one by ranks, from the same seed."""
    count = rank_count(context)
    runtime.make_repeatable(context.seed)
    model = build(count, context.seed).to(context.device)
    start = weights_of(model)
    part = data.load_split(context.seed).train
    batches.write_batches(part, _SAMPLES, _BATCHES, context)
    losses = batches.train_alone(model, context)
    context.emit(0.3, f"{count} ranks by torchrun")
    return Divided(run_ranks(work, context), start, weights_of(model), losses)


def weights_of(model: Any) -> dict[str, Any]:
    """Return a copy of all weights, on the CPU."""
    return {name: one.detach().cpu().clone() for name, one in model.state_dict().items()}
