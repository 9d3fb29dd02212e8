"""Rules about the power supply, whose watts only its owner can tell."""

from __future__ import annotations

from deeprig.audit import sources
from deeprig.audit.finding import Finding, Rule
from deeprig.audit.machine import Machine
from deeprig.audit.quantity import counted

#: ``sources.POWER_SUPPLY``: 10 % above what all draw is needed, another 10 % is good.
#: Per cent, not factors: in floating point 700 W x 1.1 are more than 770 W.
_NEEDED_PERCENT = 110
_GOOD_PERCENT = 121
_SEVERAL_WATTS = 1000
#: What the fastest consumer cards drew when the rule was written (GTX 1080 Ti, RTX 2080 Ti).
_HIGH_END_WATTS = 250
_SUPPLY = Rule(
    "power.supply",
    f"(GPU limits + CPU) x {_NEEDED_PERCENT / 100:g}, better x {_GOOD_PERCENT / 100:g}",
    sources.POWER_SUPPLY,
    "use a stronger power supply, or lower the GPUs' power limits (`nvidia-smi -pl`)",
)
_SEVERAL = Rule(
    "power.several_gpus",
    f"at least {_SEVERAL_WATTS} W for several cards of {_HIGH_END_WATTS} W or more",
    sources.POWER_SEVERAL,
    f"use a power supply of {_SEVERAL_WATTS} W or more",
)
_DECLARE_PSU = "declare psu_watts in the inventory: it is on the power supply's label"
_DECLARE_CPU = "declare cpu_watts in the inventory: the CPU's data sheet has it (PL2, PPT)"


def power_supply(machine: Machine) -> Finding:
    """Grade the declared supply against what GPUs and CPU may draw together."""
    why_not = _asks_nothing(machine)
    if why_not:
        return _SUPPLY.not_applicable(why_not)
    limits = _limits(machine)
    psu, cpu = machine.declared.psu_watts, machine.declared.cpu_watts
    if psu is None:
        return _SUPPLY.unknown("cannot be told: no software reads a supply's watts", _DECLARE_PSU)
    drawn = sum(limits) + (cpu or 0)
    is_all_told = len(limits) == len(machine.gpus) and cpu is not None
    actual = _reckoning(machine, psu, cpu)
    # What is known may already be too much: what is not known does not make it less.
    is_enough = psu * 100 >= drawn * _NEEDED_PERCENT
    if is_all_told or not is_enough:
        is_good = psu * 100 >= drawn * _GOOD_PERCENT
        return _SUPPLY.graded(actual, is_enough=is_enough, is_good=is_good)
    remedy = _DECLARE_CPU if cpu is None else machine.remedy_for_gpus("power_limit_watts")
    return _SUPPLY.unknown(f"cannot be told: {actual}", remedy)


def power_several_gpus(machine: Machine) -> Finding:
    """Grade the declared supply where several high-end cards draw peaks at once."""
    why_not = _asks_nothing(machine)
    limits = _limits(machine)
    high_end = sum(limit >= _HIGH_END_WATTS for limit in limits)
    if why_not or len(machine.gpus) < 2:
        return _SEVERAL.not_applicable(why_not or "one GPU")
    if high_end < 2:
        if len(limits) < len(machine.gpus):
            why = machine.why_gpus_unknown("power_limit_watts")
            return _SEVERAL.unknown(why, machine.remedy_for_gpus("power_limit_watts"))
        return _SEVERAL.not_applicable(f"{high_end} of {len(machine.gpus)} GPUs high-end")
    psu = machine.declared.psu_watts
    if psu is None:
        return _SEVERAL.unknown("cannot be told: no software reads a supply's watts", _DECLARE_PSU)
    actual = f"{psu:g} W for {high_end} high-end GPUs"
    return _SEVERAL.graded(actual, is_enough=True, is_good=psu >= _SEVERAL_WATTS)


def _asks_nothing(machine: Machine) -> str:
    if not machine.gpus:
        return "no NVIDIA GPU"
    return "a laptop: its maker chose the supply" if machine.is_portable else ""


def _limits(machine: Machine) -> tuple[float, ...]:
    """Return the power limits in force; a card that tells only its highest may draw that."""
    limits = (
        gpu.power_max_watts if gpu.power_limit_watts is None else gpu.power_limit_watts
        for gpu in machine.gpus
    )
    return tuple(limit for limit in limits if limit is not None)


def _reckoning(machine: Machine, psu: float, cpu: float | None) -> str:
    limits = _limits(machine)
    drawn = sum(limits) + (cpu or 0)
    silent = len(machine.gpus) - len(limits)
    parts = f"GPUs {counted(f'{limit:g} W' for limit in limits)}"
    parts += f" ({silent} not told)" if silent else ""
    parts += " + CPU not declared" if cpu is None else f" + CPU {cpu:g} W"
    ratio = f" = x {psu / drawn:.2f}" if drawn else ""
    return f"{psu:g} W for {parts}{ratio}"
