"""Rules about heat: cards side by side, passive heat sinks, and the temperature as read."""

from __future__ import annotations

from deeprig.audit import sources
from deeprig.audit.declaration import CoolerType
from deeprig.audit.devices import Gpu
from deeprig.audit.finding import Finding, Rule
from deeprig.audit.machine import Machine
from deeprig.audit.quantity import counted, named, number_of

#: From so many cards side by side on, the middle ones breathe their neighbours' heat.
_SIDE_BY_SIDE = 3
_SLOWDOWN_CELSIUS = 80
_ADJACENT = Rule(
    "cooling.adjacent",
    f"{_SIDE_BY_SIDE} or more cards side by side: blower fans or water, never open-air",
    sources.COOLING,
    "leave a free slot between cards, use blower or water-cooled ones, or lower power limits",
)
_PASSIVE = Rule(
    "cooling.passive",
    "passive cards only in a server's airflow",
    sources.COOLING_PASSIVE,
    "fit ducted fans to the cards, or use the machine they are made for",
)
_DECLARED = Rule(
    "cooling.declared",
    "every address in cooler_type is that of a GPU",
    sources.COOLERS_DECLARED,
    "correct the addresses in cooler_type: `lspci -D -d 10de:` lists them",
)
_TEMPERATURE = Rule(
    "cooling.temperature",
    f"below {_SLOWDOWN_CELSIUS} C and the card's own limit, not slowed down by heat",
    sources.TEMPERATURE,
    "look at fans, dust and the airflow of the case; lower the power limit until it is cooler",
)
_DECLARE_COOLER = "declare cooler_type in the inventory, for all GPUs or by PCI address"
_DECLARE_SLOTS = "declare free_slots_between_gpus in the inventory; 0 is side by side"


def cooling_adjacent(machine: Machine) -> Finding:
    """Grade the coolers of cards that sit side by side."""
    why_not = _why_not_side_by_side(machine)
    if why_not:
        return _ADJACENT.not_applicable(why_not)
    gap = machine.declared.free_slots_between_gpus
    open_air = _cooled_by("open-air", machine)
    undeclared = [gpu for gpu in machine.gpus if machine.declared.cooler_of(gpu.address) is None]
    if open_air and gap == 0:
        return _ADJACENT.warned(f"open-air, side by side: {named(*open_air)}")
    if undeclared:
        why = f"cannot be told: no cooler declared for {named(*undeclared)}"
        return _ADJACENT.unknown(why, _DECLARE_COOLER)
    if open_air:
        why = "cannot be told: open-air cards, the slots between them not declared"
        return _ADJACENT.unknown(why, _DECLARE_SLOTS)
    return _ADJACENT.passed(f"{len(machine.gpus)} GPUs, none of them open-air")


def cooling_passive(machine: Machine) -> Finding:
    """Grade where cards without a fan of their own are."""
    passive = _cooled_by("passive", machine)
    if not passive:
        return _PASSIVE.not_applicable("no GPU declared passive")
    chassis = machine.facts.system.chassis
    if chassis is None or machine.is_virtual:
        why = machine.why_unknown("system.chassis")
        return _PASSIVE.unknown(why, "look whether the case blows air through the cards")
    actual = f"{named(*passive)} in a {chassis}"
    return _PASSIVE.graded(actual, is_enough=True, is_good=chassis == "server")


def cooling_declared(machine: Machine) -> Finding:
    """Grade coolers declared by address: a wrong address would leave a card ungraded unseen."""
    coolers = machine.declared.cooler_type
    if coolers is None or isinstance(coolers, str):
        return _DECLARED.not_applicable("no coolers declared by address")
    there = {gpu.address for gpu in machine.gpus}
    strangers = sorted(set(coolers) - there)
    actual = f"no GPU at {', '.join(strangers)}" if strangers else ", ".join(sorted(coolers))
    return _DECLARED.graded(actual, is_enough=True, is_good=not strangers)


def cooling_temperature(machine: Machine) -> Finding:
    """Grade the heat of this moment; hot while nothing runs is hotter in a training.

    A card that slows itself down fails, whatever its temperature: its memory may be the hot part.
    """
    if not machine.gpus:
        return _TEMPERATURE.not_applicable("no NVIDIA GPU")
    slowed = [gpu for gpu in machine.gpus if gpu.is_slowed_by_heat]
    if slowed:
        return _TEMPERATURE.failed(f"slowed down by heat now: {named(*slowed)}")
    told = [(gpu, c) for gpu in machine.gpus if (c := gpu.temperature_celsius) is not None]
    hot = [f"{celsius:g} C on {named(gpu)}" for gpu, celsius in told if celsius >= _limit(gpu)]
    if hot:
        return _TEMPERATURE.warned(", ".join(hot))
    if len(told) < len(machine.gpus):
        why = machine.why_gpus_unknown("temperature_celsius")
        return _TEMPERATURE.unknown(why, machine.remedy_for_gpus("temperature_celsius"))
    return _TEMPERATURE.passed(counted(f"{celsius:g} C" for _, celsius in told))


def _limit(gpu: Gpu) -> float:
    """Return the temperature that is too hot; an absurd limit of the card's own is not one."""
    own = gpu.slowdown_celsius
    return min(own, _SLOWDOWN_CELSIUS) if own and own > 0 else _SLOWDOWN_CELSIUS


def _why_not_side_by_side(machine: Machine) -> str:
    """Return why cards cannot stand in each other's way; empty where they may."""
    count = len(machine.gpus)
    if count < _SIDE_BY_SIDE:
        return number_of(count, "GPU")
    if machine.facts.nvswitch_count:
        return "modules on a board with NVSwitch, not cards"
    gap = machine.declared.free_slots_between_gpus
    return f"{gap} free slots between cards" if gap else ""


def _cooled_by(cooler: CoolerType, machine: Machine) -> list[Gpu]:
    return [gpu for gpu in machine.gpus if machine.declared.cooler_of(gpu.address) == cooler]
