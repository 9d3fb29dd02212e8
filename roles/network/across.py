"""What is wrong between hosts: the same address or the same interface declared on two of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deeprig.errors import Problem
from roles.network.faults import Fault
from roles.network.settings import NetworkSettings


def problems_across(hosts: Mapping[str, NetworkSettings]) -> tuple[Problem, ...]:
    """Return the static and management addresses and MAC addresses that two hosts share."""
    problems: list[Problem] = []
    seen: dict[str, tuple[str, str]] = {}
    for host, settings in hosts.items():
        for path, value in _own(settings):
            where = ".".join(("network", *(str(part) for part in path)))
            other, other_where = seen.setdefault(value, (host, where))
            if other != host:
                fault = Fault(
                    path,
                    value,
                    f"{other} has {value} too ({other_where})",
                    "every host has its own: correct one of the two, and mind that data of a "
                    "group is for all its hosts",
                )
                problems.append(fault.problem(host))
    return tuple(problems)


def _own(settings: NetworkSettings) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield what belongs to one host alone, with its path below ``network``."""
    for path, device in settings.devices:
        for position, interface in enumerate(device.interfaces_with_prefix):
            if not interface.is_link_local:  # one per link, not per laboratory
                yield (*path, "addresses", position), str(interface.ip)
    for key, ethernet in settings.ethernets.items():
        if ethernet.mac is not None:
            yield ("ethernets", key, "mac"), ethernet.mac
    if settings.management_address is not None:
        yield ("management_address",), settings.management_address
