"""What is wrong with one host's declaration by itself, before anything is contacted.

Every fault is found, not only the first; each has the setting's path, the reason and the remedy.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from roles.network.address_checks import address_faults
from roles.network.device_checks import device_faults
from roles.network.faults import Fault
from roles.network.mtu_checks import mtu_faults
from roles.network.route_checks import route_faults
from roles.network.values import family_of

if TYPE_CHECKING:
    from roles.network.settings import NetworkSettings


def faults_of(settings: NetworkSettings) -> tuple[Fault, ...]:
    """Return everything wrong with a declaration, none for a sound one."""
    return (
        *device_faults(settings),
        *address_faults(settings),
        *route_faults(settings),
        *mtu_faults(settings),
        *_management_faults(settings),
        *_renderer_faults(settings),
    )


def _management_faults(settings: NetworkSettings) -> tuple[Fault, ...]:
    stated = settings.management_address
    if stated is None or not settings.is_declared:
        return ()
    address = ip_address(stated)
    for _, device in settings.devices:
        if any(static.ip == address for static in device.interfaces_with_prefix):
            return ()
        if device.has_dhcp(family_of(address)):
            return ()  # a DHCP server may have it reserved; the reconnection will tell
        if address.version == 6 and device.accept_ra:
            return ()
    return (
        Fault(
            ("management_address",),
            stated,
            "no declared device gets this address",
            "declare it under addresses of a device, or name an address that is declared",
        ),
    )


def _renderer_faults(settings: NetworkSettings) -> tuple[Fault, ...]:
    if settings.renderer != "NetworkManager":
        return ()
    return tuple(
        Fault(
            ("ethernets", key, setting),
            value,
            "NetworkManager cannot set this through netplan",
            "leave it out, or set renderer to networkd",
        )
        for key, ethernet in settings.ethernets.items()
        for setting, value in ethernet.offloads
    )
