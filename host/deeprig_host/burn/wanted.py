"""What is to burn, and with what: the workers' command lines."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from deeprig_host.burn.crew import Order
from deeprig_host.gpu.library import Gpu
from deeprig_host.machine.commands import Machine

_HERE = Path(__file__).parent
CPU, RAM = "CPU", "RAM"
#: Of MemAvailable: what else runs keeps its room, and the OOM killer its hands off.
_RAM_SHARE = 0.5
_MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for. ``python`` is the environment's; ``gpu_count`` None: all.

    ``worker`` is the program that multiplies (another one in tests). ``account`` runs it where we
    are root: what trains for every user must work for the least of them.
    """

    python: Path
    seconds: float
    gpu_count: int | None = None
    has_cpu: bool = True
    has_ram: bool = True
    seed: int = 20
    size: int | None = None
    account: str = "nobody"
    worker: Path = _HERE / "worker.py"


def orders(wanted: Wanted, gpus: tuple[Gpu, ...], machine: Machine) -> tuple[Order, ...]:
    """Return one worker per GPU, and those for CPU and memory."""
    found = [_gpu_order(wanted, gpu) for gpu in gpus]
    if wanted.has_cpu:
        # A core for each GPU's worker: it must not wait for the load beside it.
        threads = max(1, (os.cpu_count() or 1) - len(gpus))
        environment = {"OMP_NUM_THREADS": str(threads)}
        found.append(Order(CPU, _words(wanted, "cpu"), environment, wanted.account))
    if wanted.has_ram:
        mebibytes = max(1, int(_available_bytes(machine) * _RAM_SHARE) // _MEBIBYTE)
        size = ("--mebibytes", str(mebibytes), "--seconds", f"{wanted.seconds:g}")
        words = (str(wanted.python), "-I", str(_HERE / "ram_worker.py"), *size)
        found.append(Order(RAM, words, account=wanted.account))
    return tuple(found)


def gpu_name(gpu: Gpu) -> str:
    """Return a GPU's name in the checks."""
    return f"GPU {gpu.index}"


def _gpu_order(wanted: Wanted, gpu: Gpu) -> Order:
    # By its UUID: CUDA's own order of the cards need not be NVML's.
    environment = {"CUDA_VISIBLE_DEVICES": gpu.uuid}
    return Order(gpu_name(gpu), _words(wanted, "cuda:0"), environment, wanted.account)


def _words(wanted: Wanted, device: str) -> tuple[str, ...]:
    size = () if wanted.size is None else ("--size", str(wanted.size))
    told = ("--seconds", f"{wanted.seconds:g}", "--seed", str(wanted.seed), *size)
    return (str(wanted.python), "-I", str(wanted.worker), "--device", device, *told)


def _available_bytes(machine: Machine) -> int:
    """Return MemAvailable (proc(5), in KiB), 0 where the kernel does not tell."""
    for line in (machine.text("/proc/meminfo") or "").splitlines():
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) * 1024
    return 0
