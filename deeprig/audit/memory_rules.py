"""Rules about main memory: its size, and that a GPU's memory can be filled from it."""

from __future__ import annotations

from deeprig.audit import sources
from deeprig.audit.finding import Finding, Rule
from deeprig.audit.machine import Machine
from deeprig.audit.quantity import GIB, gib, has_nominal, named

_MINIMUM_GB = 16
_RECOMMENDED_GB = 32
_SIZE = Rule(
    "ram.size",
    f"at least {_MINIMUM_GB} GB, {_RECOMMENDED_GB} GB recommended",
    sources.RAM_SIZE,
    f"add memory modules, {_RECOMMENDED_GB} GB together or more; any clock rate will do",
)
_MATCHES_GPU = Rule(
    "ram.matches_gpu",
    "at least the memory of the largest GPU",
    sources.RAM_MATCHES_GPU,
    "add memory modules until there is as much as on the largest GPU",
)
_ASK_KERNEL = "look at /proc/meminfo on the machine, and inspect again"


def ram_size(machine: Machine) -> Finding:
    """Grade the size of main memory; what firmware and kernel keep is allowed for."""
    total = _installed_bytes(machine)
    if total is None:
        return _SIZE.unknown(machine.why_unknown("memory.total_bytes"), _ASK_KERNEL)
    return _SIZE.graded(
        gib(total),
        is_enough=has_nominal(total, _MINIMUM_GB),
        is_good=has_nominal(total, _RECOMMENDED_GB),
    )


def ram_matches_gpu(machine: Machine) -> Finding:
    """Grade main memory against the largest GPU's."""
    if not machine.gpus:
        return _MATCHES_GPU.not_applicable("no NVIDIA GPU")
    total = _installed_bytes(machine)
    if total is None:
        why = machine.why_unknown("memory.total_bytes")
        return _MATCHES_GPU.unknown(why, _ASK_KERNEL)
    told = [(gpu.memory_bytes, gpu) for gpu in machine.gpus if gpu.memory_bytes is not None]
    largest, gpu = max(told, key=lambda pair: pair[0], default=(0, machine.gpus[0]))
    actual = f"{gib(total)} beside {gib(largest)} of {named(gpu)}"
    # One that is known to be too large decides, whatever the others have.
    if not has_nominal(total, largest / GIB):
        return _MATCHES_GPU.failed(actual)
    if len(told) < len(machine.gpus):
        why = machine.why_gpus_unknown("memory_bytes")
        return _MATCHES_GPU.unknown(why, machine.remedy_for_gpus("memory_bytes"))
    return _MATCHES_GPU.passed(actual)


def _installed_bytes(machine: Machine) -> int | None:
    """Return what the modules hold, else what the kernel has; None when neither tells.

    Integrated graphics alone may keep more than the 5 % that ``has_nominal`` allows for: a machine
    of two modules of 8 GB is one of 16 GB all the same.
    """
    memory = machine.facts.memory
    modules = sum(slot.size_bytes for slot in memory.slots or ())
    return max(modules, memory.total_bytes or 0) or None
