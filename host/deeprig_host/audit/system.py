"""Whose machine it is, in what chassis, and whether it is a virtual machine or a container."""

from __future__ import annotations

from dataclasses import dataclass

from deeprig_host.audit.tree import Tree

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
#: Beginnings of DMI texts by virtual machine, in the words of systemd-detect-virt(1).
_VENDORS = (
    ("KVM", "kvm"),
    ("Amazon EC2", "amazon"),
    ("QEMU", "qemu"),
    ("VMware", "vmware"),
    ("VMW", "vmware"),
    ("innotek GmbH", "oracle"),
    ("VirtualBox", "oracle"),
    ("Xen", "xen"),
    ("Bochs", "bochs"),
    ("Parallels", "parallels"),
    ("BHYVE", "bhyve"),
    ("Hyper-V", "microsoft"),
    ("Virtual Machine", "microsoft"),
    ("Apple Virtualization", "apple"),
    ("Google Compute Engine", "google"),
    ("OpenStack", "kvm"),
    ("KubeVirt", "kvm"),
)
#: The inode of the first PID namespace (PROC_PID_INIT_INO, include/linux/proc_ns.h).
_FIRST_PID_NAMESPACE = "pid:[4026531836]"


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
    container = _container(tree)
    return System(
        vendor=dmi_text(tree, "sys_vendor", "system.vendor"),
        product=dmi_text(tree, "product_name", "system.product"),
        chassis=_chassis(tree),
        virtualization=container or _virtual_machine(tree, "system.virtualization"),
        is_container=container is not None,
    )


def is_virtual(tree: Tree) -> bool:
    """Say whether the devices may be made up. A container on real hardware sees the real ones."""
    return _virtual_machine(tree) != "none"


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


def _container(tree: Tree) -> str | None:
    # systemd's note is of this very system; docker and podman leave files in the image's root,
    # and such an image may have become a virtual machine's disk: then PID 1 is the kernel's own.
    name = tree.text("/run/systemd/container") or _container_of_init(tree)
    if name is not None:
        return name
    if _is_first_namespace(tree):
        return None
    if tree.is_there("/run/.containerenv"):
        return "podman"
    return "docker" if tree.is_there("/.dockerenv") else None


def _container_of_init(tree: Tree) -> str | None:
    for entry in (tree.data("/proc/1/environ") or b"").split(b"\0"):
        name, _, value = entry.partition(b"=")
        if name == b"container" and value:
            return value.decode("utf-8", errors="replace")
    return None


def _is_first_namespace(tree: Tree) -> bool:
    return tree.link("/proc/self/ns/pid") == _FIRST_PID_NAMESPACE


def _virtual_machine(tree: Tree, what: str | None = None) -> str | None:
    if _is_real_in_spite_of_its_names(tree):
        return "none"
    for name in ("product_name", "sys_vendor", "board_vendor", "bios_vendor"):
        text = tree.text(f"{_DMI}/{name}") or ""
        for beginning, found in _VENDORS:
            if text.startswith(beginning):
                return found
    if tree.text("/sys/hypervisor/type") == "xen":
        return "xen"
    clocks = tree.text("/sys/devices/system/clocksource/clocksource0/available_clocksource") or ""
    if "kvm-clock" in clocks.split():
        return "kvm"
    return _by_flags(tree, what)


def _is_real_in_spite_of_its_names(tree: Tree) -> bool:
    # Amazon rents whole machines too; and Xen's first domain has the real devices.
    product = tree.text(f"{_DMI}/product_name") or ""
    return product.endswith(".metal") or "control_d" in (tree.text("/proc/xen/capabilities") or "")


def _by_flags(tree: Tree, what: str | None) -> str | None:
    text = tree.text("/proc/cpuinfo") or ""
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "flags":
            # CPUID 1, ECX bit 31: set by hypervisors, never by a processor.
            return "vm-other" if "hypervisor" in value.split() else "none"
    if tree.is_there(f"{_DMI}/sys_vendor"):
        return "none"  # a firmware that names its maker, and the maker is no hypervisor
    if what is not None:
        tree.tell(what, "neither /proc/cpuinfo nor the firmware's tables tell")
    return None
