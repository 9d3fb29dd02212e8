"""Which device a run must use. A machine that must have GPUs never falls back to its CPU."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CPU = "cpu"
FIRST_GPU = "cuda:0"

_NVIDIA_VENDOR = "0x10de"
#: PCI base class 0x03: display controllers (VGA, 3D), not the audio function beside them.
_DISPLAY_CLASS = "0x03"


@dataclass(frozen=True, slots=True)
class Cuda:
    """CUDA as a framework sees it; ``build`` is what it was built for, None for a CPU build."""

    build: str | None
    is_available: bool
    device_count: int
    names: tuple[str, ...] = ()
    error: str = ""

    def describe(self) -> str:
        """Return the evidence in one line."""
        facts = (
            f"built for CUDA {self.build or 'none (a CPU build)'}, available: {self.is_available}, "
            f"devices: {self.device_count}"
        )
        return f"{facts}; {self.error}" if self.error else facts


@dataclass(frozen=True, slots=True)
class Demand:
    """What the caller expects.

    ``is_gpu_required``: the host declares or has an NVIDIA GPU. ``is_cpu_wanted``: train on the
    CPU whatever else is there. ``gpu_count``: None where the caller does not say.
    """

    is_gpu_required: bool = False
    is_cpu_wanted: bool = False
    gpu_count: int | None = None

    def describe(self) -> str:
        """Return the expectation in words."""
        if self.is_cpu_wanted:
            return "the CPU, as asked"
        if self.gpu_count is not None:
            return f"{self.gpu_count} GPU{'' if self.gpu_count == 1 else 's'}"
        return "at least 1 GPU" if self.is_gpu_required else "a GPU if the machine has one"


def device_problem(demand: Demand, cuda: Cuda, gpus_on_bus: int) -> str | None:
    """Return why the demand cannot be met, or None. Only CUDA that is there is ever good."""
    if demand.is_cpu_wanted:
        return None
    usable = cuda.device_count if cuda.is_available else 0
    if demand.gpu_count is not None and usable != demand.gpu_count:
        return f"{usable} usable: {cuda.describe()}"
    if demand.is_gpu_required and usable == 0:
        return f"none usable: {cuda.describe()}"
    if demand.gpu_count is None and usable == 0 and gpus_on_bus:
        return f"{gpus_on_bus} NVIDIA on the PCI bus, none usable: {cuda.describe()}"
    return None


def device_to_use(demand: Demand, cuda: Cuda) -> str:
    """Return the device, where there is no ``device_problem``."""
    if demand.is_cpu_wanted or not cuda.is_available:
        return CPU
    return FIRST_GPU


def nvidia_gpus_on_bus(system: Path = Path("/sys")) -> int:
    """Return how many NVIDIA display controllers the kernel shows, with or without a driver."""
    count = 0
    for device in sorted((system / "bus/pci/devices").glob("*")):
        vendor = (device / "vendor").read_text(encoding="ascii").strip()
        kind = (device / "class").read_text(encoding="ascii").strip()
        count += vendor == _NVIDIA_VENDOR and kind.startswith(_DISPLAY_CLASS)
    return count
