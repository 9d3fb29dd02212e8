"""The NVML library, opened and closed, and the GPUs that it has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pynvml

from deeprig_host.gpu.answers import Unanswered, ask


class NoNvml(Exception):
    """NVML cannot be used: no library, no driver loaded, or one of another version."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU as NVML names it. ``handle`` is valid while the library stays open.

    ``address`` is as in sysfs, like ``0000:01:00.0``.
    """

    index: int
    uuid: str
    name: str
    address: str
    handle: Any = field(compare=False, repr=False)


@contextmanager
def nvml() -> Iterator[None]:
    """Open the library for a while. Raise NoNvml when it, or the driver, is not there."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        raise NoNvml(str(error)) from error
    try:
        yield
    finally:
        # The driver may have been unloaded under us: then there is nothing left to close.
        ask(pynvml.nvmlShutdown)


def gpus() -> tuple[Gpu | Unanswered, ...]:
    """Return every GPU in NVML's order; one that does not answer is there as what it said.

    Raise NoNvml when not even their number can be had.
    """
    count = ask(pynvml.nvmlDeviceGetCount)
    if isinstance(count, Unanswered):
        raise NoNvml(str(count))
    return tuple(gpu_at(index) for index in range(count))


def gpu_at(index: int) -> Gpu | Unanswered:
    """Return one GPU by its number in NVML's order; the others are not asked."""
    handle = ask(pynvml.nvmlDeviceGetHandleByIndex, index)
    if isinstance(handle, Unanswered):
        return handle
    told = [
        ask(call, handle) for call in (pynvml.nvmlDeviceGetUUID, pynvml.nvmlDeviceGetName, _address)
    ]
    for answer in told:
        if isinstance(answer, Unanswered):
            return answer
    uuid, name, address = (str(answer) for answer in told)
    return Gpu(index, uuid, name, address, handle)


def _address(handle: Any) -> str:
    """Return a GPU's PCI address; NVML writes its domain with eight digits, sysfs with four."""
    told = pynvml.nvmlDeviceGetPciInfo(handle).busId
    text = told.decode() if isinstance(told, bytes) else str(told)
    domain, _, rest = text.lower().partition(":")
    return f"{int(domain, 16):04x}:{rest}"
