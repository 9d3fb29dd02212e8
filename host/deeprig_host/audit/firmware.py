"""The firmware, and of its settings those that GPUs depend on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deeprig_host.audit.gpus import Gpu
from deeprig_host.audit.pci import DEVICES, Bar, bars
from deeprig_host.audit.system import dmi_text
from deeprig_host.audit.tree import Tree

_EFI = "/sys/firmware/efi"
_FOUR_GIB = 1 << 32
#: An EFI variable's file: four bytes of attributes, then the data (efivarfs, kernel.org).
_ATTRIBUTE_BYTES = 4
_VIRTUAL = "the windows of a virtual machine's devices are the hypervisor's choice"


@dataclass(frozen=True, slots=True)
class Firmware:
    """The firmware. ``iommu`` says whether the kernel has one in use."""

    vendor: str | None
    version: str | None
    date: str | None
    boot: str | None
    secure_boot: bool | None
    above_4g: bool | None
    resizable_bar: bool | None
    iommu: bool | None


def firmware(tree: Tree, is_virtual: bool, gpus: Sequence[Gpu]) -> Firmware:
    """Return the firmware. A virtual machine cannot tell what its GPUs' windows are."""
    boot = _boot(tree)
    windows = _windows(tree, is_virtual, gpus)
    return Firmware(
        vendor=dmi_text(tree, "bios_vendor", "firmware.vendor"),
        version=dmi_text(tree, "bios_version", "firmware.version"),
        date=dmi_text(tree, "bios_date", "firmware.date"),
        boot=boot,
        secure_boot=_secure_boot(tree, boot),
        above_4g=None if windows is None else any(bar.start >= _FOUR_GIB for _, bar in windows),
        resizable_bar=None if windows is None else _is_resized(tree, windows),
        iommu=_iommu(tree),
    )


def _boot(tree: Tree) -> str | None:
    if tree.is_there(_EFI):
        return "uefi"
    if tree.is_there("/sys/class/dmi/id"):
        return "bios"
    # Micro virtual machines start the kernel without any firmware, and containers hide it.
    tree.tell("firmware.boot", f"neither {_EFI} nor SMBIOS tables: no firmware is seen")
    return None


def _secure_boot(tree: Tree, boot: str | None) -> bool | None:
    what = "firmware.secure_boot"
    if boot == "bios":
        return False
    if boot is None:
        tree.tell(what, "no firmware is seen")
        return None
    names = tree.entries(f"{_EFI}/efivars", what)
    if names is None:
        return None
    variable = next((name for name in names if name.startswith("SecureBoot-")), None)
    if variable is None:
        tree.tell(what, f"no SecureBoot variable in {_EFI}/efivars (is efivarfs mounted?)")
        return None
    content = tree.data(f"{_EFI}/efivars/{variable}", what)
    if content is not None and len(content) <= _ATTRIBUTE_BYTES:
        tree.tell(what, f"{_EFI}/efivars/{variable} has no value")
        return None
    return None if content is None else content[_ATTRIBUTE_BYTES] == 1


def _windows(tree: Tree, is_virtual: bool, gpus: Sequence[Gpu]) -> list[tuple[Gpu, Bar]] | None:
    """Return each GPU's largest 64-bit prefetchable window: its memory's (NVIDIA calls it BAR1)."""
    found = []
    for gpu in gpus:
        wide = [bar for bar in bars(tree, gpu.address) if bar.is_wide_prefetchable]
        if wide:
            found.append((gpu, max(wide, key=lambda bar: bar.size_bytes)))
    why = "no GPU" if not gpus else "no GPU has a 64-bit prefetchable window that is placed"
    if is_virtual:
        found, why = [], _VIRTUAL
    if not found:
        tree.tell("firmware.above_4g", why)
        tree.tell("firmware.resizable_bar", why)
    return found or None


def _is_resized(tree: Tree, windows: Sequence[tuple[Gpu, Bar]]) -> bool | None:
    """Say whether every window is as large as the card's memory, or as the card can make it."""
    wanted = [(bar.size_bytes, _full_bytes(tree, gpu, bar)) for gpu, bar in windows]
    if any(full is not None and size < full for size, full in wanted):
        return False
    if any(full is None for _, full in wanted):
        why = "the GPU's memory is not known before a driver, and sysfs has no resource*_resize"
        tree.tell("firmware.resizable_bar", why)
        return None
    return True


def _full_bytes(tree: Tree, gpu: Gpu, bar: Bar) -> int | None:
    if gpu.memory_bytes is not None:
        return gpu.memory_bytes
    # Bit n of this mask: the window can have 2^n MiB (Documentation/ABI/testing/sysfs-bus-pci).
    mask = tree.text(f"{DEVICES}/{gpu.address}/resource{bar.index}_resize")
    try:
        sizes = int(mask or "0", 16)
    except ValueError:
        return None
    return 1 << (20 + sizes.bit_length() - 1) if sizes else None


def _iommu(tree: Tree) -> bool | None:
    # A kernel without IOMMU support has no such directory; one that uses none, an empty one.
    units = tree.entries("/sys/class/iommu", "firmware.iommu")
    return None if units is None else bool(units)
