"""Whether a declaration keeps the address by which the controller reaches the host.

Decided from the declaration and from what the host sees of the connection, before anything is
written. A wrong gateway or VLAN that looks right here is what the confirmation is for.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from deeprig.errors import Problem
from roles.network.devices import Device
from roles.network.host_network import HostInterface, HostNetwork
from roles.network.matching import interfaces_of
from roles.network.settings import NetworkSettings
from roles.network.values import Address, family_of


@dataclass(frozen=True, slots=True)
class Reached:
    """The controller's connection as the host sees it (sshd's SSH_CONNECTION).

    ``address`` is the host's end and ``interface`` carries it; ``controller`` is the other end,
    None where it is not known. ``is_dynamic``: the address came by DHCP or advertisement.
    """

    address: str
    interface: str
    is_dynamic: bool
    controller: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """The host stays where it is; ``reason`` says why that is known."""

    address: str
    reason: str


@dataclass(frozen=True, slots=True)
class Replaced:
    """The host is to be found at a stated new address."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The host would no longer be found: nothing may be changed."""

    problem: Problem


Verdict = Kept | Replaced | Lost


def judge(
    host_name: str, settings: NetworkSettings, host: HostNetwork, reached: Reached
) -> Verdict:
    """Return what becomes of the address that the controller uses.

    A stated ``management_address`` decides only where the address in use is not kept: so it can
    stay in the inventory, and a host that is already there is no change.
    """
    interface = host.interface(reached.interface)
    if interface is not None and interface.kind in ("wireless", "other"):
        return Kept(reached.address, f"{interface.name} is not touched by the role")
    carriers = _carriers(settings, ip_address(reached.address))
    reason = "it is declared"
    if not carriers and interface is not None and reached.is_dynamic:
        carriers = _still_dynamic(settings, host, interface, ip_address(reached.address))
        reason = f"{interface.name} asks the same network for it as before"
    if carriers:
        way_back = _no_way_back(host_name, settings, carriers, reached)
        return way_back or Kept(reached.address, reason)
    stated = settings.management_address
    if stated is None or ip_address(stated) == ip_address(reached.address):
        return Lost(_lost(host_name, settings, reached, stated))
    carriers = _carriers(settings, ip_address(stated)) or _dynamic(settings, ip_address(stated))
    return _no_way_back(host_name, settings, carriers, reached) or Replaced(reached.address, stated)


def _carriers(settings: NetworkSettings, address: Address) -> tuple[Device, ...]:
    return tuple(
        device
        for _, device in settings.devices
        if any(static.ip == address for static in device.interfaces_with_prefix)
    )


def _dynamic(settings: NetworkSettings, address: Address) -> tuple[Device, ...]:
    return tuple(device for _, device in settings.devices if _asks_for(device, address))


def _asks_for(device: Device, address: Address) -> bool:
    """Say whether a device gets addresses of this family from the network."""
    if device.has_dhcp(family_of(address)):
        return True
    # Addresses by advertisement are the default of IPv6 for networkd; only False turns them off.
    return address.version == 6 and device.accept_ra is not False


def _still_dynamic(
    settings: NetworkSettings, host: HostNetwork, interface: HostInterface, address: Address
) -> tuple[Device, ...]:
    device = _declared_for(settings, host, interface)
    return (device,) if device is not None and _asks_for(device, address) else ()


def _declared_for(
    settings: NetworkSettings, host: HostNetwork, interface: HostInterface
) -> Device | None:
    """Return the declaration of the very interface in use; a bond over it has another lease."""
    if interface.kind == "bond":
        return settings.bonds.get(interface.name)
    if interface.kind == "vlan":
        return settings.vlans.get(interface.name)
    members = {member for bond in settings.bonds.values() for member in bond.interfaces}
    for key, ethernet in settings.ethernets.items():
        if key not in members and interface in interfaces_of(key, ethernet, host):
            return ethernet
    return None


def _no_way_back(
    host_name: str, settings: NetworkSettings, carriers: tuple[Device, ...], reached: Reached
) -> Lost | None:
    """Return a refusal where no declared route leads to the controller, else None."""
    if reached.controller is None:
        return None
    controller = ip_address(reached.controller)
    if any(_asks_for(device, controller) for device in carriers) or any(
        _leads_to(device, controller) for _, device in settings.devices
    ):
        return None
    return Lost(
        Problem(
            f"{host_name}: network",
            f"no declared route leads to the controller at {controller}, so its connection "
            "would be lost",
            "declare a default route ({'to': 'default', 'via': GATEWAY}) or one to the "
            "controller's network under routes",
        )
    )


def _leads_to(device: Device, controller: Address) -> bool:
    if any(controller in static.network for static in device.interfaces_with_prefix):
        return True
    if device.dhcp_default_route and device.has_dhcp(family_of(controller)):
        return True
    return any(
        route.family == controller.version
        and (route.is_default or controller in ip_network(route.to))
        for route in device.routes
    )


def _lost(
    host_name: str, settings: NetworkSettings, reached: Reached, stated: str | None
) -> Problem:
    on = f"{reached.address} on {reached.interface}"
    if stated is not None:
        return Problem(
            f"{host_name}: network.management_address",
            f"the controller reaches the host at {on}, and no declared device keeps that address",
            f"declare {reached.address} under addresses of a device, or state the new address",
        )
    return Problem(
        f"{host_name}: network",
        f"the controller reaches the host at {on}, and the declaration would take that address "
        "away",
        f"keep it (addresses: {reached.address}/PREFIX, or DHCP where it came by DHCP), or state "
        "the new one as network.management_address",
    )
