"""Whether the routes of one host lead where they say."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import TYPE_CHECKING

from roles.network.devices import WIFI_METRIC, Device, Route
from roles.network.faults import Fault
from roles.network.values import Address, Family

if TYPE_CHECKING:
    from roles.network.settings import NetworkSettings

Path = tuple[str | int, ...]


def route_faults(settings: NetworkSettings) -> Iterator[Fault]:
    """Yield gateways that cannot be reached, and routes that compete."""
    for path, device in settings.devices:
        for position, route in enumerate(device.routes):
            yield from _gateway((*path, "routes", position), device, route)
            yield from _metric((*path, "routes", position), device, route)
    yield from _twice(settings)
    yield from _competing(settings)


def _gateway(path: Path, device: Device, route: Route) -> Iterator[Fault]:
    gateway: Address = ip_address(route.via)
    own = [i for i in device.interfaces_with_prefix if i.version == gateway.version]
    if any(interface.ip == gateway for interface in own):
        yield Fault(
            (*path, "via"), route.via, "this is the device's own address", "name the router's"
        )
        return
    if route.on_link or gateway.is_link_local or any(gateway in i.network for i in own):
        return
    if device.has_dhcp(route.family) or (route.family == 6 and device.accept_ra):
        return  # the subnet is known only when the lease is
    subnets = ", ".join(str(interface.network) for interface in own)
    yield Fault(
        (*path, "via"),
        route.via,
        f"the gateway is in no subnet of the device ({subnets or 'it has none'})",
        "correct it or the prefix length of addresses; set on_link if it is on the wire all the "
        "same",
    )


def _metric(path: Path, device: Device, route: Route) -> Iterator[Fault]:
    if route.is_default and device.metric_of(route) >= WIFI_METRIC:
        yield Fault(
            (*path, "metric"),
            route.metric,
            f"Wi-Fi has the metric {WIFI_METRIC} and would be preferred to this wired route",
            f"set it below {WIFI_METRIC}",
        )


def _twice(settings: NetworkSettings) -> Iterator[Fault]:
    seen: dict[tuple[str, int], str] = {}
    for path, device in settings.devices:
        for position, route in enumerate(device.routes):
            if route.is_default:
                continue
            here: Path = (*path, "routes", position)
            where = ".".join(str(part) for part in here)
            other = seen.setdefault((route.to, device.metric_of(route)), where)
            if other != where:
                yield Fault(
                    here, route.to, f"{other} has the same destination and metric", "set metric"
                )


def _competing(settings: NetworkSettings) -> Iterator[Fault]:
    """Two default routes of one metric: which is used depends on which came up last."""
    families: tuple[Family, Family] = (4, 6)
    for family in families:
        seen: dict[int, str] = {}
        for path, metric in _default_routes(settings, family):
            where = ".".join(str(part) for part in path)
            other = seen.setdefault(metric, where)
            if other != where:
                yield Fault(
                    path,
                    metric,
                    f"{other} is an IPv{family} default route of the same metric {metric}",
                    "set metric of one device higher, or dhcp_default_route to False",
                )


def _default_routes(settings: NetworkSettings, family: Family) -> Iterator[tuple[Path, int]]:
    for path, device in settings.devices:
        static = [
            ((*path, "routes", position), device.metric_of(route))
            for position, route in enumerate(device.routes)
            if route.is_default and route.family == family
        ]
        yield from static
        # DHCPv6 has no routes: those of IPv6 come with router advertisements.
        if family == 4 and device.dhcp4 and device.dhcp_default_route:
            yield (*path, "dhcp4"), device.metric
