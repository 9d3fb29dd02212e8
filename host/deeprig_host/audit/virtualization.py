"""Whether the machine is real, a virtual machine or a container, in the words of systemd."""

from __future__ import annotations

from deeprig_host.audit.tree import Tree

_DMI = "/sys/class/dmi/id"
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


def is_virtual(tree: Tree) -> bool:
    """Say whether the devices may be made up. A container on real hardware sees the real ones."""
    return virtual_machine(tree) != "none"


def container(tree: Tree) -> str | None:
    """Return what runs the container that this is, None outside of one."""
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


def virtual_machine(tree: Tree, what: str | None = None) -> str | None:
    """Return what runs the machine, "none" for hardware, None (told of) where nothing says."""
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
