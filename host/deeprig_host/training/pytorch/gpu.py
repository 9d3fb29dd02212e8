"""What the cases ask of a GPU before they begin: whether it is there, and what it can by design."""

from __future__ import annotations

import torch

from deeprig_host.training import smi, tensor_cores
from deeprig_host.training.cases import CaseContext


def tensor_cores_missing(context: CaseContext, is_bfloat16: bool) -> str | None:
    """Return why the GPUs cannot compute in a short format, by design; None on the CPU.

    Raise RuntimeError where CUDA, which the run has, is not there any more.
    """
    if not context.gpu_count:
        return None
    capability = torch.cuda.get_device_capability(context.device)
    name = str(torch.cuda.get_device_name(context.device))
    return tensor_cores.missing(name, (int(capability[0]), int(capability[1])), is_bfloat16)


def gpu_names(context: CaseContext) -> tuple[str, ...]:
    """Return ``cuda:0`` and so on, all that the run may use."""
    return tuple(f"cuda:{number}" for number in range(context.gpu_count))


def reading_of(device: str) -> smi.Reading:
    """Return what nvidia-smi says of a GPU. Raise RuntimeError where it knows no such.

    By its UUID: CUDA and the driver may number GPUs in another order (CUDA_DEVICE_ORDER).
    """
    uuid = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
    readings = smi.read_all()
    for one in readings:
        if one.uuid == uuid:
            return one
    known = ", ".join(one.uuid for one in readings)
    raise RuntimeError(f"nvidia-smi knows no {uuid}, only {known or 'none'}")
