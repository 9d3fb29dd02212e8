"""Rules about the GPUs' PCI Express links: width at any time, speed never at idle."""

from __future__ import annotations

from deeprig.audit import sources
from deeprig.audit.devices import Gpu, PciLink
from deeprig.audit.finding import Finding, Rule
from deeprig.audit.machine import Machine
from deeprig.audit.quantity import counted, named, number_of

#: From so many GPUs on, lanes matter; and how many each then needs (``sources.PCIE_LANES``).
_MANY_GPUS = 4
_LANES_WITH_MANY = 8
#: Ports that share 16 lanes leave 8 to each and may still say 16; 8 are enough for training.
_ENOUGH = 8
#: What a link can be (PCI Express Base Specification, Link Status: Negotiated Link Width). A
#: function that sleeps reads as all ones, which sysfs shows as 63.
_WIDTHS = (1, 2, 4, 8, 12, 16, 32)
_LANES = Rule(
    "pcie.lanes",
    f"with {_MANY_GPUS} or more GPUs, {_LANES_WITH_MANY} lanes for each",
    sources.PCIE_LANES,
    "look again under load (some GPUs narrow an idle link); else use slots with more lanes",
)
_SEATED = Rule(
    "pcie.seated",
    f"as many lanes as GPU and slot both have, or {_ENOUGH}",
    sources.PCIE_SEATED,
    "look again under load (some GPUs narrow an idle link); else seat the card again, clean its "
    "contacts, check riser cables and bifurcation in the firmware",
)
_GENERATION = Rule(
    "pcie.generation",
    "the highest speed of the link, under load",
    sources.PCIE_GENERATION,
    "look at the link's speed while a training runs",
)
#: A hypervisor gives its guest links and bridges of its own making.
_MADE_UP = "cannot be told: what a virtual machine or container shows may be made up"
_ASK_BUS = "look at `lspci -vv` as root on the machine underneath"


def pcie_lanes(machine: Machine) -> Finding:
    """Grade the lanes of each GPU where there are so many that they matter."""
    count = len(machine.gpus)
    if count < _MANY_GPUS:
        return _LANES.not_applicable(f"{number_of(count, 'GPU')}: lanes hardly matter")
    if machine.is_virtual:
        return _LANES.unknown(_MADE_UP, _ASK_BUS)
    widths = [(gpu, _width(machine, gpu)) for gpu in machine.gpus]
    narrow = [f"{width} lanes on {named(gpu)}" for gpu, width in widths if _is_narrow(width)]
    if narrow:
        return _LANES.warned(", ".join(narrow))
    if any(width is None for _, width in widths):
        return _LANES.unknown(machine.why_links_unknown(), _ASK_BUS)
    return _LANES.passed(counted(f"{width} lanes" for _, width in widths))


def pcie_seated(machine: Machine) -> Finding:
    """Grade whether each link is as wide as both its ends allow, or wide enough."""
    if not machine.gpus:
        return _SEATED.not_applicable("no NVIDIA GPU")
    if machine.is_virtual:
        return _SEATED.unknown(_MADE_UP, _ASK_BUS)
    widths = [(gpu, _width(machine, gpu), _possible_width(machine, gpu)) for gpu in machine.gpus]
    told = [(gpu, width, most) for gpu, width, most in widths if width and most]
    short = [
        f"{width} of {most} lanes on {named(gpu)}"
        for gpu, width, most in told
        if width < min(most, _ENOUGH)
    ]
    if short:
        return _SEATED.warned(", ".join(short))
    if len(told) < len(widths):
        return _SEATED.unknown(machine.why_links_unknown(), _ASK_BUS)
    return _SEATED.passed(counted(f"{width} of {most} lanes" for _, width, most in told))


def pcie_generation(machine: Machine) -> Finding:
    """Pass links at their highest speed; a lower one says nothing where nothing is running."""
    links = [link for gpu in machine.gpus if (link := _link(machine, gpu.address))]
    told = [(link.speed_gts, link.max_speed_gts) for link in links]
    speeds = [(now, most) for now, most in told if now is not None and most is not None]
    if not machine.gpus:
        return _GENERATION.not_applicable("no NVIDIA GPU")
    if machine.is_virtual:
        return _GENERATION.unknown(_MADE_UP, _ASK_BUS)
    if len(speeds) < len(machine.gpus):
        return _GENERATION.unknown(machine.why_links_unknown(), _ASK_BUS)
    actual = counted(f"{now:g} of {most:g} GT/s" for now, most in speeds)
    if all(now >= most for now, most in speeds):
        return _GENERATION.passed(actual)
    return _GENERATION.not_applicable(f"{actual}: judged under load only")


def _is_narrow(width: int | None) -> bool:
    return width is not None and width < _LANES_WITH_MANY


def _link(machine: Machine, address: str) -> PciLink | None:
    function = machine.pci_of(address)
    return function.link if function else None


def _width(machine: Machine, gpu: Gpu) -> int | None:
    link = _link(machine, gpu.address)
    return link.width if link and link.width in _WIDTHS else None


def _possible_width(machine: Machine, gpu: Gpu) -> int | None:
    """Return what the GPU and the port above it both can; None when one of them does not tell."""
    function = machine.pci_of(gpu.address)
    ends = [gpu.address, *(function.parents[:1] if function else ())]
    links = [link for address in ends if (link := _link(machine, address))]
    widths = [link.max_width for link in links if link.max_width in _WIDTHS]
    told = [width for width in widths if width is not None]
    return min(told) if len(told) == 2 else None
