"""Read what the host program tells of a host's network (deeprig_host/network/observe.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from ipaddress import ip_address
from typing import Any

from roles.network.host_network import HostInterface, HostNetwork, Kind, Renderer
from roles.network.management import Reached

#: ``ip -details`` calls virtual devices so. A container's own interface is one end of a veth pair.
_KINDS: dict[str, Kind] = {"bond": "bond", "vlan": "vlan", "bridge": "bridge"}
_RENDERERS: dict[str, Renderer] = {"networkd": "networkd", "NetworkManager": "NetworkManager"}


def host_network(observed: Mapping[str, Any], *, is_container: bool) -> HostNetwork:
    """Return the interfaces and renderer of an observation."""
    interfaces = observed["interfaces"]
    given = {d["set_name"] for file in observed["netplan_files"] for d in file["devices"] or ()}
    return HostNetwork(
        tuple(_interface(i, interfaces, given, is_container) for i in interfaces),
        _RENDERERS.get(observed["renderer"]),
    )


def reached_by(observed: Mapping[str, Any], ssh_connection: str) -> Reached | None:
    """Return the connection that sshd's SSH_CONNECTION tells (client, port, server, port).

    None where no interface has the server's address: something between the two translates it.
    Raise ValueError on a text that is no SSH_CONNECTION.
    """
    words = ssh_connection.split()
    if len(words) != 4:
        raise ValueError(f"this is no SSH_CONNECTION: {ssh_connection!r}")
    # A link-local address comes with its interface: fe80::1%enp3s0.
    controller, address = (ip_address(words[n].partition("%")[0]) for n in (0, 2))
    for interface in observed["interfaces"]:
        for own in interface["addresses"]:
            if ip_address(own["address"]) == address:
                return Reached(
                    str(address), interface["name"], bool(own["is_dynamic"]), str(controller)
                )
    return None


def _interface(
    observed: Mapping[str, Any],
    all_interfaces: Sequence[Mapping[str, Any]],
    given_names: Set[str | None],
    is_container: bool,
) -> HostInterface:
    name: str = observed["name"]
    return HostInterface(
        name,
        _kind(observed, is_container),
        # Renderers match the permanent address, and one end of a veth pair has none.
        None if observed["kind"] == "veth" else observed["permanent_mac"],
        observed["driver"],
        tuple(sorted(i["name"] for i in all_interfaces if i["master"] == name)),
        name in given_names,
    )


def _kind(observed: Mapping[str, Any], is_container: bool) -> Kind:
    if observed["is_wireless"]:
        return "wireless"
    virtual: str | None = observed["kind"]
    if virtual in _KINDS:
        return _KINDS[virtual]
    is_containers_own = is_container and virtual == "veth" and observed["master"] is None
    return "ethernet" if observed["is_physical"] or is_containers_own else "other"
