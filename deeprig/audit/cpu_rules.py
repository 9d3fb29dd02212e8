"""Rules about the CPU: cores for each GPU, and the clock."""

from __future__ import annotations

from deeprig.audit import sources
from deeprig.audit.finding import Finding, Rule
from deeprig.audit.machine import Machine
from deeprig.audit.quantity import number_of

_CORES_PREPROCESSED = 1
_CORES_ON_THE_FLY = 2
_MHZ = 2000
_CORES = Rule(
    "cpu.cores_per_gpu",
    f"{_CORES_ON_THE_FLY} cores per GPU ({_CORES_PREPROCESSED} where data is preprocessed before)",
    sources.CPU_CORES,
    "preprocess data before training, or take a CPU with more cores",
)
_CLOCK = Rule(
    "cpu.clock", f"above {_MHZ / 1000:g} GHz", sources.CPU_CLOCK, "take a CPU with a higher clock"
)


def cpu_cores_per_gpu(machine: Machine) -> Finding:
    """Grade the number of cores for each GPU: warned where loading data may hold GPUs up."""
    if not machine.gpus:
        return _CORES.not_applicable("no NVIDIA GPU")
    cores = machine.facts.cpu.cores
    if cores is None:
        remedy = "look at `lscpu` on the machine"
        return _CORES.unknown(machine.why_unknown("cpu.cores"), remedy)
    per_gpu = cores / len(machine.gpus)
    gpus = number_of(len(machine.gpus), "GPU")
    actual = f"{per_gpu:g} per GPU ({number_of(cores, 'core')}, {gpus})"
    if _CORES_PREPROCESSED <= per_gpu < _CORES_ON_THE_FLY:
        actual += ": enough only for data preprocessed before"
    return _CORES.graded(actual, is_enough=True, is_good=per_gpu >= _CORES_ON_THE_FLY)


def cpu_clock(machine: Machine) -> Finding:
    """Grade the highest clock that the CPU has; a virtual one often tells none."""
    mhz = machine.facts.cpu.max_mhz
    if mhz is None:
        remedy = "look up the CPU's data sheet; a virtual machine's is its host's"
        return _CLOCK.unknown(machine.why_unknown("cpu.max_mhz"), remedy)
    return _CLOCK.graded(f"{mhz / 1000:.1f} GHz", is_enough=True, is_good=mhz > _MHZ)
