"""The network cards, by /sys/class/net (Documentation/ABI/testing/sysfs-class-net)."""

from __future__ import annotations

from dataclasses import dataclass

from deeprig_host.audit.tree import PCI_ADDRESS, Tree

_NET = "/sys/class/net"


@dataclass(frozen=True, slots=True)
class Nic:
    """A network card. ``pci`` is null where it hangs on another bus (USB)."""

    name: str
    driver: str | None
    mac: str | None
    is_wireless: bool
    has_carrier: bool | None
    speed_mbits: int | None
    pci: str | None


def nics(tree: Tree) -> tuple[Nic, ...]:
    """Return the interfaces that are devices: no bridges, tunnels, loopback or virtual pairs."""
    names = tree.names(_NET, "nics")
    return tuple(_nic(tree, n) for n in names if tree.is_there(f"{_NET}/{n}/device"))


def _nic(tree: Tree, name: str) -> Nic:
    base = f"{_NET}/{name}"
    what = f"nics.{name}"
    # An interface that is set down fails with EINVAL here.
    carrier = tree.number(f"{base}/carrier", f"{what}.has_carrier")
    return Nic(
        name=name,
        driver=tree.link(f"{base}/device/driver"),
        mac=tree.text(f"{base}/address", f"{what}.mac"),
        is_wireless=tree.is_there(f"{base}/wireless") or tree.is_there(f"{base}/phy80211"),
        has_carrier=None if carrier is None else carrier != 0,
        speed_mbits=_speed_mbits(tree, name),
        pci=_pci(tree, name),
    )


def _speed_mbits(tree: Tree, name: str) -> int | None:
    what = f"nics.{name}.speed_mbits"
    speed = tree.number(f"{_NET}/{name}/speed", what)
    if speed is not None and not 0 < speed < 0xFFFFFFFF:
        tree.tell(what, f"{_NET}/{name}/speed says {speed}, the kernel's word for unknown")
        return None
    return speed


def _pci(tree: Tree, name: str) -> str | None:
    """Return the PCI function that the card is, directly or as a virtio device on it."""
    parts = tree.real(f"{_NET}/{name}/device")
    if parts and parts[-1].startswith("virtio"):
        parts = parts[:-1]
    return parts[-1] if parts and PCI_ADDRESS.fullmatch(parts[-1]) else None
