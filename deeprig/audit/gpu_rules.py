"""Rules about GPUs: that there are some, their memory by use, and Tensor Cores."""

from __future__ import annotations

from dataclasses import replace

from deeprig.audit import sources
from deeprig.audit.declaration import Use
from deeprig.audit.devices import Gpu
from deeprig.audit.finding import Finding, Rule
from deeprig.audit.machine import INSPECT_AGAIN, Machine
from deeprig.audit.quantity import counted, gib, has_nominal, name_of, named, number_of

_PRESENT = Rule(
    "gpu.present",
    "an NVIDIA GPU",
    sources.GPU_PRESENT,
    "add an NVIDIA GPU; in a virtual machine, pass one through",
)
_COUNT = Rule(
    "gpu.count", "at least 2 NVIDIA GPUs", sources.GPU_COUNT, "add a GPU like the one there is"
)
_MEMORY = Rule(
    "gpu.memory", "", sources.GPU_MEMORY, "take smaller models and batches, or a larger GPU"
)
_TENSOR_CORES = Rule(
    "gpu.tensor_cores",
    "compute capability 7.0 or higher, with Tensor Cores",
    sources.TENSOR_CORES,
    "train in fp32 (16 bit brings no speed here), or take a GPU of Volta or later",
)
_LOOK_AT_BUS = "look at `lspci -nn` on the machine, and inspect again"

#: GB of GPU memory by use, from ``sources.GPU_MEMORY``: what it takes at all, what is enough. The
#: 4 GB are the least that the guide gives to any use; 8 is its line for interesting architectures.
_MEMORY_GB: dict[Use, tuple[int, int]] = {
    "experiment": (4, 8),
    "kaggle": (4, 8),
    "research": (8, 11),
    "multi-gpu": (8, 11),
}
#: Device ids of TU117 and TU116 (pci.ids): compute capability 7.5 without Tensor Cores.
_WITHOUT_TENSOR_CORES = (range(0x1F80, 0x2000), range(0x2180, 0x2200))
_TENSOR_CAPABILITY = (7, 0)


def gpu_present(machine: Machine) -> Finding:
    """Grade whether there is a GPU that CUDA runs on."""
    if machine.gpus:
        return _PRESENT.passed(counted(map(name_of, machine.gpus)))
    if machine.why_no_bus:
        return _PRESENT.unknown(machine.why_no_bus, _LOOK_AT_BUS)
    others = len(machine.facts.gpus)
    return _PRESENT.failed(f"none, and {others} of other makers" if others else "none")


def gpu_count(machine: Machine, use: Use) -> Finding:
    """Grade the number of GPUs, which only the use of several asks for."""
    count = len(machine.gpus)
    if use != "multi-gpu":
        return _COUNT.not_applicable(f"{count}; this use takes one")
    if machine.why_no_bus:
        return _COUNT.unknown(machine.why_no_bus, _LOOK_AT_BUS)
    return _COUNT.graded(str(count), is_enough=count >= 2)


def gpu_memory(machine: Machine, use: Use) -> Finding:
    """Grade the memory of the largest GPU; for several GPUs, that of the second largest."""
    needed, enough = _MEMORY_GB[use]
    number = 2 if use == "multi-gpu" else 1
    whose = f"on {number} GPUs" if number > 1 else "on a GPU"
    rule = replace(_MEMORY, expected=f"{enough} GB {whose} for {use}; under {needed} GB is too few")
    if len(machine.gpus) < number:
        return rule.not_applicable(number_of(len(machine.gpus), "NVIDIA GPU"))
    told = sorted((gpu.memory_bytes for gpu in machine.gpus if gpu.memory_bytes), reverse=True)
    deciding = told[number - 1] if len(told) >= number else None
    is_all_told = len(told) == len(machine.gpus)
    if deciding is None or (not is_all_told and not has_nominal(deciding, enough)):
        why = machine.why_gpus_unknown("memory_bytes")
        return rule.unknown(why, machine.remedy_for_gpus("memory_bytes"))
    return rule.graded(
        counted(map(gib, told)),
        is_enough=has_nominal(deciding, needed),
        is_good=has_nominal(deciding, enough),
    )


def gpu_tensor_cores(machine: Machine) -> Finding:
    """Grade whether every GPU has Tensor Cores: by the driver's word, before it by PCI id."""
    if not machine.gpus:
        return _TENSOR_CORES.not_applicable("no NVIDIA GPU")
    answers = [(gpu, _has_tensor_cores(machine, gpu)) for gpu in machine.gpus]
    without = [gpu for gpu, has in answers if has is False]
    if without:
        return _TENSOR_CORES.warned(
            f"{counted(_capability(machine, gpu) for gpu in without)}: {named(*without)}"
        )
    if any(has is None for _, has in answers):
        why = "cannot be told: the GPU's PCI id is younger than this version of deeprig"
        return _TENSOR_CORES.unknown(why, INSPECT_AGAIN)
    return _TENSOR_CORES.passed(counted(_capability(machine, gpu) for gpu in machine.gpus))


def _has_tensor_cores(machine: Machine, gpu: Gpu) -> bool | None:
    capability = machine.capability(gpu)
    if capability is None:
        return None
    if any(int(gpu.device, 16) in ids for ids in _WITHOUT_TENSOR_CORES):
        return False
    return capability >= _TENSOR_CAPABILITY


def _capability(machine: Machine, gpu: Gpu) -> str:
    capability = machine.capability(gpu)
    return "unknown" if capability is None else f"compute {'.'.join(map(str, capability))}"
