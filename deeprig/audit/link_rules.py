"""Rules about the wired network and the firmware's memory windows."""

from __future__ import annotations

from collections.abc import Iterator

from deeprig.audit import sources
from deeprig.audit.devices import Nic
from deeprig.audit.finding import Finding, Rule
from deeprig.audit.machine import Machine
from deeprig.audit.quantity import number_of

_MBITS = 1000
_WIRED = Rule(
    "network.wired",
    f"a wired link that is up, of {_MBITS / 1000:g} Gbit/s or more",
    sources.WIRED,
    "plug in a cable of category 5e or better, into a switch of 1 Gbit/s or more",
)
_ASK_LINK = "look at `ethtool` on the machine underneath"
_ABOVE_4G = Rule(
    "firmware.above_4g",
    "GPU memory windows above 4 GiB, with several GPUs",
    sources.ABOVE_4G,
    "switch on 'Above 4G decoding' in the firmware's setup, under PCI",
)


def network_wired(machine: Machine) -> Finding:
    """Grade the fastest wired link; a virtual card tells no speed."""
    wired = [nic for nic in machine.facts.nics if not nic.is_wireless]
    actual = ", ".join(map(_told, wired)) or "no wired card"
    if any(nic.has_carrier and (nic.speed_mbits or 0) >= _MBITS for nic in wired):
        return _WIRED.passed(actual)
    if machine.facts.system.is_container:
        why = "cannot be told: a container has network cards of its own making"
        return _WIRED.unknown(f"{actual}: {why}", _ASK_LINK)
    if machine.is_told_unknown("nics") or any(map(_may_be_good, wired)):
        why = machine.why_unknown(*_untold(wired), "nics")
        return _WIRED.unknown(f"{actual}: {why}", _ASK_LINK)
    return _WIRED.warned(actual)


def firmware_above_4g(machine: Machine) -> Finding:
    """Grade where the GPUs' memory windows lie, where there are several GPUs."""
    if len(machine.gpus) < 2:
        return _ABOVE_4G.not_applicable(number_of(len(machine.gpus), "GPU"))
    above = machine.facts.firmware.above_4g
    if above is None:
        why = machine.why_unknown("firmware.above_4g")
        return _ABOVE_4G.unknown(why, "look in the firmware's setup for 'Above 4G decoding'")
    actual = "above 4 GiB" if above else "below 4 GiB"
    return _ABOVE_4G.graded(actual, is_enough=True, is_good=above)


def _may_be_good(nic: Nic) -> bool:
    """Return whether what is unknown of a card could make its link good."""
    return nic.has_carrier is None or (nic.has_carrier and nic.speed_mbits is None)


def _untold(nics: list[Nic]) -> Iterator[str]:
    for nic in filter(_may_be_good, nics):
        fact = "has_carrier" if nic.has_carrier is None else "speed_mbits"
        yield f"nics.{nic.name}.{fact}"


def _told(nic: Nic) -> str:
    if nic.has_carrier is None:
        return f"{nic.name}: carrier unknown"
    if not nic.has_carrier:
        return f"{nic.name}: no carrier"
    speed = "speed unknown" if nic.speed_mbits is None else f"{nic.speed_mbits} Mbit/s"
    return f"{nic.name}: up, {speed}"
