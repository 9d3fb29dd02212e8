"""Whose machine it is, in what chassis, and whether it is a virtual machine or a container."""

from __future__ import annotations

from dataclasses import dataclass

from deeprig_host.audit.tree import Tree
from deeprig_host.audit.virtualization import container, virtual_machine

_DMI = "/sys/class/dmi/id"
#: What board makers leave in fields that they were to fill in.
_PLACEHOLDERS = frozenset(
    {
        "to be filled by o.e.m.",
        "default string",
        "system manufacturer",
        "system product name",
        "system version",
        "not specified",
        "not applicable",
        "none",
        "o.e.m.",
        "oem",
        "unknown",
        "invalid",
    }
)
#: SMBIOS 3.7, table 17 (chassis types), in the words of hostnamectl(1). 1 and 2 are "other" and
#: "unknown".
_CHASSIS = {
    **dict.fromkeys((3, 4, 6, 7, 13, 35, 36), "desktop"),
    **dict.fromkeys((8, 9, 10, 14), "laptop"),
    **dict.fromkeys((17, 23, 28, 29), "server"),
    **dict.fromkeys((31, 32), "convertible"),
    11: "handset",
    30: "tablet",
}


@dataclass(frozen=True, slots=True)
class System:
    """The machine as a whole. ``virtualization`` is "none" on real hardware; a container's wins."""

    vendor: str | None
    product: str | None
    chassis: str | None
    virtualization: str | None
    is_container: bool


def system(tree: Tree) -> System:
    """Return what the machine is."""
    contained = container(tree)
    return System(
        vendor=dmi_text(tree, "sys_vendor", "system.vendor"),
        product=dmi_text(tree, "product_name", "system.product"),
        chassis=_chassis(tree),
        virtualization=contained or virtual_machine(tree, "system.virtualization"),
        is_container=contained is not None,
    )


def dmi_text(tree: Tree, name: str, what: str) -> str | None:
    """Return a DMI text of the kernel's, None where it is not there or was never filled in."""
    text = tree.text(f"{_DMI}/{name}", what)
    if text is not None and text.lower() in _PLACEHOLDERS:
        tree.tell(what, f"{_DMI}/{name} was left at {text!r} by the maker")
        return None
    return text


def _chassis(tree: Tree) -> str | None:
    number = tree.number(f"{_DMI}/chassis_type", "system.chassis")
    if number is None:
        return None
    found = _CHASSIS.get(number & 0x7F)  # the highest bit says that there is a lock
    if found is None:
        tree.tell("system.chassis", f"{_DMI}/chassis_type is {number}, which names no chassis")
    return found
