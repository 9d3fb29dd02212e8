"""The declaration as netplan's YAML: the same text for the same settings and host.

Every wired device says its renderer itself: a ``renderer`` for all would also move the Wi-Fi that
other files of /etc/netplan describe. DHCP is always said, on or off, because netplan merges its
files. Source: netplan-yaml(5) of 0.104 (Ubuntu 22.04) and later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from roles.network.devices import Bond, Device, Ethernet, Route, Vlan
from roles.network.host_network import HostInterface, HostNetwork, Renderer
from roles.network.matching import interfaces_of, netplan_ids, renderer_of
from roles.network.settings import NetworkSettings
from roles.network.yaml_text import Value, yaml_text

#: After the installer's and cloud-init's files, so that what it says is what holds.
NETPLAN_PATH = "/etc/netplan/90-deeprig.yaml"
#: netplan warns about anything that others may read (it can hold Wi-Fi passwords).
NETPLAN_MODE = "600"
CLOUD_INIT_PATH = "/etc/cloud/cloud.cfg.d/99-disable-network-config.cfg"
CLOUD_INIT_TEXT = (
    "# Placed by deeprig: the inventory says the network.\nnetwork: {config: disabled}\n"
)
_HEADER = "# Placed by deeprig. Edit the inventory instead: changes here are lost.\n"


@dataclass(frozen=True, slots=True)
class Rendering:
    """netplan's text, and what of the declaration the host's renderer has no use for."""

    text: str
    notes: tuple[str, ...]


def render(settings: NetworkSettings, host: HostNetwork) -> Rendering:
    """Return the rendering for a host without ``host_faults``."""
    renderer = renderer_of(settings, host)
    ids = netplan_ids(settings, host)
    network: dict[str, Value] = {"version": 2}
    ethernets: dict[str, Value] = {
        ids[key]: _ethernet(ethernet, interfaces_of(key, ethernet, host), key, renderer)
        for key, ethernet in sorted(settings.ethernets.items(), key=lambda item: ids[item[0]])
    }
    bonds: dict[str, Value] = {
        key: _bond(bond, ids, renderer) for key, bond in sorted(settings.bonds.items())
    }
    vlans: dict[str, Value] = {
        key: _vlan(vlan, ids, renderer) for key, vlan in sorted(settings.vlans.items())
    }
    for kind, devices in (("ethernets", ethernets), ("bonds", bonds), ("vlans", vlans)):
        if devices:
            network[kind] = devices
    return Rendering(_HEADER + yaml_text({"network": network}), _notes(settings, renderer))


def _ethernet(
    ethernet: Ethernet, meant: tuple[HostInterface, ...], key: str, renderer: Renderer
) -> dict[str, Value]:
    rendered: dict[str, Value] = {"renderer": renderer}
    rendered.update(_match(ethernet, meant, key))
    rendered.update(_addressing(ethernet, renderer))
    if ethernet.wakeonlan is not None:
        rendered["wakeonlan"] = ethernet.wakeonlan
    for setting, is_on in ethernet.offloads:
        rendered[setting.replace("_", "-")] = is_on
    return rendered


def _match(ethernet: Ethernet, meant: tuple[HostInterface, ...], key: str) -> Mapping[str, Value]:
    """Return how netplan finds the interface.

    A name that netplan gave stays: the file that gave it goes, and the interface would have another
    name after a reboot. With link settings netplan writes a .link file, which takes the place of
    udev's own with its naming policy: so the name is said too, else it would be eth0. Such a file
    is only reliable for a MAC address (netplan-yaml(5), physical device types).
    """
    if ethernet.match is not None:
        return {"match": {"name": ethernet.match}}
    mac = ethernet.mac
    if len(meant) == 1 and (ethernet.has_link_settings or meant[0].has_set_name):
        mac = mac or meant[0].mac
        if mac is not None:
            return {"match": {"macaddress": mac}, "set-name": meant[0].name}
    if mac is not None:
        return {"match": {"macaddress": mac}}
    if ethernet.name is not None and ethernet.name != key and not meant:
        return {"match": {"name": ethernet.name}}
    return {}


def _bond(bond: Bond, ids: Mapping[str, str], renderer: Renderer) -> dict[str, Value]:
    parameters: dict[str, Value] = {
        "mode": bond.mode,
        "mii-monitor-interval": bond.miimon_milliseconds,
    }
    if bond.primary is not None:
        parameters["primary"] = ids[bond.primary]
    if bond.lacp_rate is not None:
        parameters["lacp-rate"] = bond.lacp_rate
    if bond.transmit_hash_policy is not None:
        parameters["transmit-hash-policy"] = bond.transmit_hash_policy
    return {
        "renderer": renderer,
        "interfaces": [ids[member] for member in bond.interfaces],
        "parameters": parameters,
        **_addressing(bond, renderer),
    }


def _vlan(vlan: Vlan, ids: Mapping[str, str], renderer: Renderer) -> dict[str, Value]:
    return {
        "renderer": renderer,
        "id": vlan.id,
        "link": ids[vlan.link],
        **_addressing(vlan, renderer),
    }


def _addressing(device: Device, renderer: Renderer) -> dict[str, Value]:
    rendered = _dhcp(device, renderer)
    if device.addresses:
        rendered["addresses"] = list(device.addresses)
    if device.routes:
        rendered["routes"] = [_route(device, route) for route in device.routes]
    nameservers: dict[str, Value] = {}
    if device.nameservers:
        nameservers["addresses"] = list(device.nameservers)
    if device.search:
        nameservers["search"] = list(device.search)
    if nameservers:
        rendered["nameservers"] = nameservers
    if device.mtu is not None:
        rendered["mtu"] = device.mtu
    if renderer == "networkd":
        rendered.update(_boot_settings(device))
    return rendered


def _dhcp(device: Device, renderer: Renderer) -> dict[str, Value]:
    # netplan gives NetworkManager no accept-ra: its method "auto" is what takes advertisements.
    asks_router = renderer == "NetworkManager" and device.accept_ra is True
    is_on = {4: device.dhcp4, 6: device.dhcp6 or asks_router}
    overrides: dict[str, Value] = {"route-metric": device.metric}
    if not device.dhcp_default_route:
        overrides["use-routes"] = False
    rendered: dict[str, Value] = {"dhcp4": is_on[4], "dhcp6": is_on[6]}
    for family in (4, 6):
        if is_on[family]:  # networkd has one set for both, and netplan refuses two that differ
            rendered[f"dhcp{family}-overrides"] = overrides
    if device.accept_ra is not None and renderer == "networkd":
        rendered["accept-ra"] = device.accept_ra
    return rendered


def _route(device: Device, route: Route) -> dict[str, Value]:
    rendered: dict[str, Value] = {"to": "default" if route.is_default else route.to}
    rendered["via"] = route.via
    if route.is_default or route.metric is not None:
        rendered["metric"] = device.metric_of(route)
    if route.on_link:
        rendered["on-link"] = True
    return rendered


def _boot_settings(device: Device) -> dict[str, Value]:
    settings = {"optional": device.optional, "critical": device.critical}
    return {name: value for name, value in settings.items() if value is not None}


def _notes(settings: NetworkSettings, renderer: Renderer) -> tuple[str, ...]:
    if renderer == "networkd":
        return ()
    return tuple(
        f"network.{kind}.{key}.{setting}: NetworkManager has no such setting, it is not written"
        for (kind, key), device in settings.devices
        for setting in _boot_settings(device)
    )
