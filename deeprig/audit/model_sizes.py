"""Which model sizes fit into GPU memory: parameters x bytes, with the formula and its limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from deeprig.audit.devices import Gpu
from deeprig.audit.machine import Machine
from deeprig.audit.quantity import gib, name_of
from deeprig.audit.workloads import MODELS, WORKLOADS, Workload

#: Said beside every size: the formula is an upper bound.
NOT_COUNTED = (
    "Not counted: activations (they grow with batch and input), the CUDA context (about 0.5 GiB "
    "per GPU), in inference the cache of keys and values, in 8 and 4 bit the scales. What fits is "
    "smaller."
)
SHARDED = (
    "All together: weights, gradients and states spread evenly over the GPUs (FSDP, ZeRO-3, tensor "
    "parallel), so the smallest GPU counts for each. Plain data parallel keeps a whole copy on "
    "each GPU: there one GPU's size holds."
)


@dataclass(frozen=True, slots=True)
class ModelSize:
    """The largest model of a workload on some GPUs. ``parameters`` None: their memory is unknown.

    ``where`` names the GPUs; ``gpus`` are their addresses. ``formula`` is the sum as reckoned.
    ``example`` is the largest well-known model not larger than that.
    """

    where: str
    gpus: tuple[str, ...]
    is_sharded: bool
    workload: Workload
    parameters: int | None
    formula: str
    example: str | None


def model_sizes(machine: Machine) -> tuple[ModelSize, ...]:
    """Return the sizes for each kind of GPU, and for all GPUs together where there are several."""
    return tuple(_of_each_kind(machine.gpus)) + tuple(_of_all(machine.gpus))


def _of_each_kind(gpus: tuple[Gpu, ...]) -> Iterator[ModelSize]:
    for _, alike in groupby(sorted(gpus, key=_kind), key=_kind):
        kind = tuple(alike)
        name = name_of(kind[0])
        where = f"each of {len(kind)} {name}" if len(kind) > 1 else name
        for workload in WORKLOADS:
            yield _size(where, kind, workload, is_sharded=False)


def _of_all(gpus: tuple[Gpu, ...]) -> Iterator[ModelSize]:
    if len(gpus) > 1:
        for workload in WORKLOADS:
            yield _size(f"all {len(gpus)} GPUs together", gpus, workload, is_sharded=True)


def _kind(gpu: Gpu) -> tuple[str, str, int]:
    return gpu.name or "", gpu.device, gpu.memory_bytes or 0


def _size(where: str, gpus: tuple[Gpu, ...], workload: Workload, *, is_sharded: bool) -> ModelSize:
    addresses = tuple(gpu.address for gpu in gpus)
    told = [gpu.memory_bytes for gpu in gpus if gpu.memory_bytes is not None]
    if len(told) < len(gpus):
        why = "the driver tells a GPU's memory: inspect again once it is installed"
        return ModelSize(where, addresses, is_sharded, workload, None, why, None)
    count = len(gpus) if is_sharded else 1
    parameters = int(count * min(told) / workload.bytes_per_parameter)
    memory = f"{count} x {gib(min(told))}" if is_sharded else gib(min(told))
    formula = f"{memory} / {workload.bytes_per_parameter:g} B = {in_words(parameters)} parameters"
    example = _largest_model(parameters)
    return ModelSize(where, addresses, is_sharded, workload, parameters, formula, example)


def _largest_model(parameters: int) -> str | None:
    fitting = [model for model in MODELS if model.parameters <= parameters]
    return max(fitting, key=lambda model: model.parameters).name if fitting else None


def in_words(parameters: float) -> str:
    """Return a number of parameters as people say it, never more than it is: ``1.5 billion``."""
    billions = int(parameters / 1e8) / 10
    return f"{billions:g} billion" if billions >= 1 else f"{int(parameters / 1e6)} million"
