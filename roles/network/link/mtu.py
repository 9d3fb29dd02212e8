"""Whether a packet of the full MTU reaches the gateway, or the declared target, in one piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from roles.network.link.asking import Asked, run_json, run_program
from roles.network.link.finding import Finding
from roles.network.link.meant import Meant
from roles.network.link.on_host.mtu import SMALL_BYTES
from roles.network.link.reading import Link
from roles.network.link.routes import default_gateways
from roles.network.values import Family

#: States of a neighbour whose link-layer address is known (ip-neighbour(8)).
_KNOWN = ("REACHABLE", "STALE", "DELAY", "PROBE", "PERMANENT", "NOARP")


def mtu_findings(
    host: Asked, meant: tuple[Meant, ...], links: Mapping[str, Link]
) -> Iterator[Finding]:
    """Yield the MTU of every device that says one, and how much of it gets through."""
    for device in meant:
        for link in device.links(links):
            wanted = device.device.mtu
            if wanted is not None:
                evidence = f"{link.name}: {link.mtu_bytes} bytes"
                name = f"{device.key}: MTU {wanted}"
                yield Finding(name, link.mtu_bytes == wanted, evidence)
            yield from _through(host, device, link, wanted or link.mtu_bytes)


def _through(host: Asked, device: Meant, link: Link, size: int) -> Iterator[Finding]:
    declared, gateways = device.device.mtu_probe_to, _gateways(host, device, link)
    for gateway in gateways:
        # Asked for its MTU only where no other target is: a router's may well be smaller.
        answer = run_program(
            host, "mtu", link.name, gateway, str(SMALL_BYTES if declared else size)
        )
        yield _is_there(host, device.key, link, gateway, answer)
        # A gateway that drops echo requests is a fault only of what was declared to be proven.
        if not declared and (device.device.mtu is not None or _says_something(answer)):
            yield _in_one_piece(device.key, link, gateway, size, answer, is_gateway=True)
    if declared:
        answer = run_program(host, "mtu", link.name, declared, str(size))
        yield _in_one_piece(device.key, link, declared, size, answer, is_gateway=False)
    elif not gateways and device.device.mtu is not None:
        yield Finding(
            f"{device.key}: {size} bytes get through",
            None,
            f"{link.name} has no gateway to ask: set mtu_probe_to to a machine beyond the switch",
        )


def _says_something(answer: Mapping[str, Any]) -> bool:
    return "error" in answer or answer["largest_bytes"] is not None


def _gateways(host: Asked, device: Meant, link: Link) -> tuple[str, ...]:
    """Return the gateways in use, one of each family, and those declared."""
    families: tuple[Family, Family] = (4, 6)
    used = [g for family in families for g in default_gateways(host, link.name, family)[:1]]
    declared = [route.via for route in device.device.routes if route.is_default]
    return tuple(dict.fromkeys(used + declared))


def _is_there(
    host: Asked, key: str, link: Link, gateway: str, answer: Mapping[str, Any]
) -> Finding:
    """Judge by the neighbour, too: a machine that drops echo requests still has an address."""
    name = f"{key}: the gateway {gateway} is there"
    if answer.get("largest_bytes") is not None:
        return Finding(name, True, f"{gateway} answers on {link.name}")
    told = run_json(host, "ip -json neighbour show to %s dev %s", gateway, link.name)
    states = {state for entry in told for state in entry.get("state", ())}
    is_known = bool(states.intersection(_KNOWN))
    evidence = f"neighbour {', '.join(sorted(states)) or 'unknown'}"
    if not is_known:
        evidence = (
            f"nobody on {link.name} answers for {gateway} ({evidence}): correct the gateway, the "
            "VLAN or the cabling"
        )
    return Finding(name, is_known, evidence)


def _in_one_piece(
    key: str, link: Link, target: str, size: int, answer: Mapping[str, Any], *, is_gateway: bool
) -> Finding:
    name = f"{key}: {size} bytes reach {target} in one piece"
    if "error" in answer:
        return Finding(name, None, f"nothing can be sent through {link.name}: {answer['error']}")
    largest = answer["largest_bytes"]
    if largest is None:
        remedy = "set mtu_probe_to to a machine that does" if is_gateway else "is it switched on?"
        return Finding(name, None, f"{target} does not answer to echo requests: {remedy}")
    return Finding(name, largest == size, _path_mtu(answer, target, size, is_gateway=is_gateway))


def _path_mtu(answer: Mapping[str, Any], target: str, size: int, *, is_gateway: bool) -> str:
    largest = answer["largest_bytes"]
    evidence = f"{target} answers to {largest} bytes"
    if answer.get("reported_bytes"):
        reporter = answer.get("reported_by") or "the interface itself"
        evidence += f"; {reporter} says that {answer['reported_bytes']} fit"
    if largest == size:
        return evidence
    remedy = f"lower mtu to {largest}, or raise it on the way"
    # A router often has a smaller MTU than the storage that the large one is for.
    return f"{evidence}: {remedy}" + (", or set mtu_probe_to" if is_gateway else "")
