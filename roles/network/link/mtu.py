"""Whether a packet of the full MTU reaches the gateway, or the declared target, in one piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from roles.network.link.asking import Asked, run_json, run_program
from roles.network.link.finding import Finding
from roles.network.link.meant import Meant
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
    declared = device.device.mtu_probe_to
    targets = (declared,) if declared else _gateways(host, device, link)
    for target in targets:
        yield from _to_target(host, device.key, link, target, size, is_gateway=not declared)
    if not targets and device.device.mtu is not None:
        yield Finding(
            f"{device.key}: {size} bytes get through",
            None,
            f"{link.name} has no gateway to ask: set mtu_probe_to to a machine beyond the switch",
        )


def _gateways(host: Asked, device: Meant, link: Link) -> tuple[str, ...]:
    """Return the gateways in use, one of each family, and those declared."""
    families: tuple[Family, Family] = (4, 6)
    used = [g for family in families for g in default_gateways(host, link.name, family)[:1]]
    declared = [route.via for route in device.device.routes if route.is_default]
    return tuple(dict.fromkeys(used + declared))


def _to_target(
    host: Asked, key: str, link: Link, target: str, size: int, *, is_gateway: bool
) -> Iterator[Finding]:
    answer = run_program(host, "mtu", link.name, target, str(size))
    name = f"{key}: {size} bytes reach {target} in one piece"
    if "error" in answer:
        yield Finding(name, None, f"nothing could be sent through {link.name}: {answer['error']}")
    elif answer["largest_bytes"] is not None:
        is_good = answer["largest_bytes"] == size
        yield Finding(name, is_good, _path_mtu(answer, target, size, is_gateway=is_gateway))
    else:
        yield _silent(host, key, link, target, name, is_gateway=is_gateway)


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


def _silent(
    host: Asked, key: str, link: Link, target: str, name: str, *, is_gateway: bool
) -> Finding:
    """A machine that drops echo requests is still a neighbour; one that is not there is not."""
    told = run_json(host, "ip -json neighbour show to %s dev %s", target, link.name)
    states = {state for entry in told for state in entry.get("state", ())}
    if is_gateway and not states.intersection(_KNOWN):
        state = ", ".join(sorted(states)) or "unknown"
        return Finding(
            f"{key}: the gateway {target} is there",
            False,
            f"nobody on {link.name} answers for {target} (neighbour {state}): correct the gateway, "
            "the VLAN or the cabling",
        )
    remedy = "set mtu_probe_to to a machine that answers" if is_gateway else "is it switched on?"
    return Finding(name, None, f"{target} does not answer to echo requests: {remedy}")
