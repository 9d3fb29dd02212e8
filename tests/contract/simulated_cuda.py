"""Run the cases that need GPUs with CUDA simulated by the CPU: no GPU is proven by it.

Started with the environment's Python: ``simulated_cuda.py CASE``. PyTorch's functions of CUDA
answer as they are documented, and all "GPUs" are the CPU: it shows that the cases run to their end,
and what they judge of the answers. The suite itself has no switch for it.
"""

import contextlib
import itertools
import json
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import torch
from deeprig_host.training import cases, smi
from deeprig_host.training.pytorch import products, timing


class SimulatedEvent:
    """Everything takes a millisecond: what a CPU needs says nothing of a GPU."""

    def __init__(self, enable_timing=False):
        self.asked = 0

    def record(self):
        self.asked = 0

    def elapsed_time(self, other):
        return 1.0

    def query(self):
        self.asked += 1
        return self.asked > 2


class SimulatedSmi:
    """One GPU; memory rises with each reading, and the load after the first where it is used."""

    def __init__(self, is_used):
        self.loads = itertools.chain([0.0], itertools.repeat(90.0 if is_used else 0.0))
        self.memory = itertools.count(400.0, 600.0)

    def read_all(self):
        load, memory = next(self.loads), next(self.memory)
        return (smi.Reading("GPU-0", "00000000:65:00.0", load, memory),)


def simulate(module, is_used):
    """Put the CPU where CUDA is asked for."""
    torch.cuda.Event = SimulatedEvent
    torch.cuda.device = lambda device: contextlib.nullcontext()
    torch.cuda.synchronize = lambda device=None: None
    torch.cuda.can_device_access_peer = lambda one, other: True
    torch.cuda.get_device_capability = lambda device: (8, 6)
    torch.cuda.get_device_properties = lambda device: SimpleNamespace(uuid="0")
    torch.Tensor.pin_memory = lambda self: self
    smi.read_all = SimulatedSmi(is_used).read_all
    module.gpu_names = lambda context: ("cpu", "cpu")
    for name, small in {"_SIZE": 64, "_BYTES": 4096, "_WORK_SECONDS": 1e-3}.items():
        if hasattr(module, name):
            setattr(module, name, small)
    products._LARGE = 64
    timing._REPEATS = 3


def main():
    """Run one case and print what it answered."""
    case, is_used = sys.argv[1], "--idle" not in sys.argv
    module = import_module(f"deeprig_host.training.pytorch.{case}")
    simulate(module, is_used)
    context = cases.CaseContext(
        framework="pytorch",
        device="cpu",
        gpu_count=2,
        seed=20,
        workdir=Path(tempfile.gettempdir()),
        profile="acceptance",
        emit=lambda share, text: None,
    )
    if case == "products":
        rates = products.rates(torch.bfloat16, "cpu")
        result = cases.judged(rates.checks(), rates.measurements("bf16"))
    else:
        result = module.run(context)
    told = {
        "outcome": result.outcome,
        "reason": result.reason,
        "bad": [check.name for check in result.checks if not check.is_good],
        "checks": [check.name for check in result.checks],
        "measurements": [one.name for one in result.measurements],
        "data": dict(result.data),
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
