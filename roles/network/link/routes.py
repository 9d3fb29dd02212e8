"""Whether what leaves the network leaves it through the declared, wired interface."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from roles.network.devices import Route
from roles.network.link.asking import Asked, Unreadable, json_of, run_json
from roles.network.link.finding import Finding
from roles.network.link.meant import Meant, interface_names
from roles.network.link.reading import Link
from roles.network.settings import NetworkSettings
from roles.network.values import Family

#: Addresses for examples (RFC 5737, RFC 3849): the kernel is only asked, nothing is sent there.
_OUTSIDE: Mapping[Family, tuple[str, ...]] = {
    4: ("203.0.113.1", "198.51.100.1", "192.0.2.1"),
    6: ("2001:db8:ffff:ffff::1", "2001:db8::1"),
}


@dataclass(frozen=True, slots=True)
class Way:
    """Where the kernel would send a packet: ``gateway`` None is directly; no interface, nowhere."""

    interface: str | None
    gateway: str | None = None

    @property
    def text(self) -> str:
        """Return it in words."""
        if self.interface is None:
            return "nowhere: the host has no route there"
        return f"through {self.interface}" + (f" via {self.gateway}" if self.gateway else "")


def way_to(host: Asked, address: str) -> Way:
    """Return the way to an address. Raise Unreadable where the host does not tell."""
    command = f"ip -json route get {address}"
    done = host.run("ip -json route get %s", address)
    # The kernel itself says that there is none: unreachable, prohibited, thrown away.
    if done.rc != 0 and done.stderr.startswith("RTNETLINK answers:"):
        return Way(None)
    told = json_of(done, command)
    if not isinstance(told, list) or not told or "dev" not in told[0]:
        raise Unreadable(f"{command} told no interface: {told!r}")
    return Way(told[0]["dev"], told[0].get("gateway") or told[0].get("via", {}).get("host"))


def default_gateways(host: Asked, interface: str, family: Family) -> tuple[str, ...]:
    """Return the gateways of an interface's default routes, the preferred first."""
    told = run_json(host, f"ip -json -{family} route show default dev %s", interface)
    routes = sorted((route for route in told if route), key=lambda r: int(r.get("metric", 0)))
    return tuple(route["gateway"] for route in routes if "gateway" in route)


def route_findings(
    host: Asked, settings: NetworkSettings, meant: tuple[Meant, ...], links: Mapping[str, Link]
) -> Iterator[Finding]:
    """Yield every declared route, the way to its gateway, and the way to the outside."""
    for device in meant:
        judged = device.links(links)
        for route in device.device.routes if judged else ():
            yield _is_there(host, device, route)
            # A link-local gateway is on every link at once: no way leads to it alone.
            if not (route.on_link or ip_address(route.via).is_link_local):
                way = way_to(host, route.via)
                name = f"{device.key}: {route.via} is reached through it"
                yield Finding(name, way.interface in device.names, way.text)
    families: tuple[Family, Family] = (4, 6)
    for family in families:
        wanted = _preferred(meant, links, family)
        if wanted is not None:
            yield from _outside(host, settings, wanted, family)


def _is_there(host: Asked, device: Meant, route: Route) -> Finding:
    to = "default" if route.is_default else route.to
    command = f"ip -json -{route.family} route show %s dev %s"
    told = [entry for name in device.names for entry in run_json(host, command, to, name)]
    gateways = [entry["gateway"] for entry in told if "gateway" in entry]
    evidence = f"{', '.join(device.names)}: {to} via {', '.join(gateways) or 'nobody'}"
    name = f"{device.key}: the route to {to} via {route.via} is there"
    return Finding(name, route.via in gateways, evidence)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Through which interfaces the outside shall be reached, and the gateway where one is said.

    ``may_be_absent``: routers advertise a default route, or none.
    """

    metric: int
    through: str
    names: tuple[str, ...]
    gateway: str | None = None
    may_be_absent: bool = False


def _preferred(
    meant: tuple[Meant, ...], links: Mapping[str, Link], family: Family
) -> _Wanted | None:
    """Return the declared default route of the lowest metric, None where none is declared."""
    plugged_in = tuple(d for d in meant if d.links(links) or not d.may_be_unplugged)
    found = [wanted for device in plugged_in for wanted in _default_routes(device, family)]
    if not found and family == 6 and any(_asks_router(device) for device in plugged_in):
        names = tuple(sorted(interface_names(meant)))
        return _Wanted(0, "a declared interface", names, may_be_absent=True)
    return min(found, key=lambda wanted: wanted.metric, default=None)


def _default_routes(device: Meant, family: Family) -> Iterator[_Wanted]:
    declared = device.device
    for route in declared.routes:
        if route.is_default and route.family == family:
            yield _Wanted(declared.metric_of(route), device.key, device.names, route.via)
    if family == 4 and declared.dhcp4 and declared.dhcp_default_route:
        yield _Wanted(declared.metric, device.key, device.names)


def _asks_router(device: Meant) -> bool:
    declared = device.device
    return declared.dhcp_default_route and (declared.dhcp6 or declared.accept_ra is True)


def _outside(
    host: Asked, settings: NetworkSettings, wanted: _Wanted, family: Family
) -> Iterator[Finding]:
    name = f"the IPv{family} default route leads through {wanted.through}"
    address = outside_address(settings, family)
    if address is None:
        yield Finding(name, None, "every address for examples is in a declared network")
        return
    way = way_to(host, address)
    if way.interface is None and wanted.may_be_absent:
        return
    is_good = way.interface in wanted.names and wanted.gateway in (None, way.gateway)
    expected = " or ".join(wanted.names) or wanted.through
    expected += f" via {wanted.gateway}" if wanted.gateway else ""
    yield Finding(name, is_good, way.text if is_good else f"{way.text}, not {expected}")


def outside_address(settings: NetworkSettings, family: Family) -> str | None:
    """Return an address that only a default route leads to; None where each is declared."""
    networks = [
        interface.network
        for _, device in settings.devices
        for interface in device.interfaces_with_prefix
    ]
    networks += [
        ip_network(route.to)
        for _, device in settings.devices
        for route in device.routes
        if not route.is_default
    ]
    for address in _OUTSIDE[family]:
        if not any(ip_address(address) in network for network in networks):
            return address
    return None
