"""Whether each device has its addresses, and nobody else has them too."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from roles.network.devices import Device
from roles.network.link.asking import Asked, run_program
from roles.network.link.finding import Finding
from roles.network.link.meant import Meant
from roles.network.link.reading import Link, LinkAddress, read_links
from roles.network.values import Interface

#: IPv6 looks for a duplicate for about 2 s after a link came up (RFC 4862, section 5.4).
_DETECTION_SECONDS = 10.0
_BETWEEN_READINGS_SECONDS = 0.25


def settled_links(host: Asked) -> dict[str, Link]:
    """Return the links once IPv6 has looked for duplicates, or after 10 seconds as they are."""
    end = time.monotonic() + _DETECTION_SECONDS
    while True:
        links = read_links(host)
        is_looking = any(
            address.is_tentative and not address.is_duplicate
            for link in links.values()
            if link.is_working
            for address in link.addresses
        )
        if not is_looking or time.monotonic() > end:
            return links
        time.sleep(_BETWEEN_READINGS_SECONDS)


def address_findings(
    host: Asked, meant: tuple[Meant, ...], links: Mapping[str, Link]
) -> Iterator[Finding]:
    """Yield the static addresses and leases of every device."""
    for device in meant:
        judged = device.links(links)
        for static in device.device.interfaces_with_prefix if judged else ():
            yield _static(device.key, static, judged)
            yield from _nobody_elses(host, device.key, static, judged)
        for link in judged:
            yield from _leases(device, link)


def _static(key: str, wanted: Interface, links: tuple[Link, ...]) -> Finding:
    name = f"{key}: has {wanted}"
    found = _found(wanted, links)
    if found is None:
        has = ", ".join(address.text for link in links for address in link.addresses) or "none"
        return Finding(name, False, f"{', '.join(link.name for link in links)} has {has}")
    if found.is_duplicate:
        return Finding(
            name, False, f"{found.text}: another machine has it: give one of the two another one"
        )
    if found.is_tentative:
        return Finding(name, None, f"{found.text}: still looking whether another machine has it")
    is_good = found.prefix == wanted.network.prefixlen
    return Finding(name, is_good, found.text)


def _found(wanted: Interface, links: tuple[Link, ...]) -> LinkAddress | None:
    of_link = (address for link in links for address in link.addresses)
    return next((a for a in of_link if a.address == str(wanted.ip)), None)


def _nobody_elses(
    host: Asked, key: str, wanted: Interface, links: tuple[Link, ...]
) -> Iterator[Finding]:
    """IPv4 looks for no duplicates by itself, so the wire is asked here."""
    if wanted.version != 4:
        return
    for link in links:
        if not any(address.address == str(wanted.ip) for address in link.addresses):
            continue
        name = f"{key}: no other machine has {wanted.ip}"
        answer = run_program(host, "arp", link.name, str(wanted.ip))
        others = answer.get("others")
        if others is None:
            yield Finding(name, None, f"{link.name}: {answer.get('error')}")
        elif others:
            evidence = f"{', '.join(others)} answers for it too: give one of the two another one"
            yield Finding(name, False, evidence)
        else:
            yield Finding(name, True, f"nobody else on {link.name} answers for it")


def _leases(device: Meant, link: Link) -> Iterator[Finding]:
    for family in _asked_families(device.device):
        leased = [
            address
            for address in link.addresses
            if address.family == family and address.is_from_network and address.scope != "link"
        ]
        is_good = any(not (a.is_duplicate or a.is_tentative) for a in leased)
        has = ", ".join(address.text for address in link.addresses) or "none"
        hint = "" if is_good else ": no DHCP server or router gave one"
        yield Finding(
            f"{device.key}: has an IPv{family} address from the network",
            is_good,
            f"{link.name} has {has}{hint}",
        )


def _asked_families(device: Device) -> tuple[int, ...]:
    asks_router = device.dhcp6 or device.accept_ra is True
    return ((4,) if device.dhcp4 else ()) + ((6,) if asks_router else ())
