"""The network interfaces of this machine, with their addresses (sysfs, ip(8))."""

from __future__ import annotations

import json
from typing import Any

from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

_NET = "/sys/class/net"


def interfaces(machine: Machine) -> list[dict[str, Any]]:
    """Return every interface, by name. Speed in Mbit/s; None is unknown, not zero."""
    links = {link["ifname"]: link for link in _ip(machine, "-details", "address", "show")}
    directory = machine.path(_NET)
    names = sorted(entry.name for entry in directory.iterdir()) if directory.is_dir() else []
    names = [name for name in names if (directory / name).is_dir()]
    return [_interface(machine, name, links.get(name, {})) for name in names]


def default_routes(machine: Machine) -> list[dict[str, Any]]:
    """Return the default routes of IPv4 and IPv6; ``metric`` 0 where none is set."""
    found = []
    for family in ("4", "6"):
        for route in _ip(machine, f"-{family}", "route", "show", "default"):
            found.append(
                {
                    "family": int(family),
                    "interface": route.get("dev"),
                    "gateway": route.get("gateway"),
                    "metric": int(route.get("metric", 0)),
                    "protocol": route.get("protocol"),
                }
            )
    return found


def _interface(machine: Machine, name: str, link: dict[str, Any]) -> dict[str, Any]:
    place = f"{_NET}/{name}"
    return {
        "name": name,
        "mac": machine.text(f"{place}/address") or None,
        "permanent_mac": link.get("permaddr") or machine.text(f"{place}/address") or None,
        "driver": _driver(machine, place),
        "kind": link.get("linkinfo", {}).get("info_kind"),
        "is_physical": machine.path(f"{place}/device").exists(),
        "is_wireless": any(machine.path(f"{place}/{n}").exists() for n in ("wireless", "phy80211")),
        "operstate": machine.text(f"{place}/operstate"),
        "has_carrier": _carrier(machine, place),
        "speed_mbits": _speed(machine, place),
        "mtu_bytes": _number(machine, f"{place}/mtu"),
        "master": link.get("master"),
        "addresses": [
            {
                "address": address["local"],
                "prefix": address["prefixlen"],
                "scope": address.get("scope"),
                "is_dynamic": bool(address.get("dynamic", False)),
            }
            for address in link.get("addr_info", ())
            if "local" in address
        ],
    }


def _driver(machine: Machine, place: str) -> str | None:
    link = machine.path(f"{place}/device/driver")
    return link.readlink().name if link.is_symlink() else None


def _carrier(machine: Machine, place: str) -> bool | None:
    """Return whether a cable is in; None while the interface is down (the kernel says EINVAL)."""
    number = _number(machine, f"{place}/carrier")
    return None if number is None else number == 1


def _speed(machine: Machine, place: str) -> int | None:
    """Return the negotiated speed; None without a link (-1 or EINVAL)."""
    number = _number(machine, f"{place}/speed")
    return number if number is not None and number > 0 else None


def _number(machine: Machine, path: str) -> int | None:
    try:
        return int(machine.path(path).read_text(encoding="ascii"))
    except (OSError, ValueError):  # the kernel answers EINVAL where there is nothing to tell
        return None


def _ip(machine: Machine, *words: str) -> list[dict[str, Any]]:
    done = machine.run("ip", "-json", *words)
    if not done.is_good:
        raise Refused(
            f"`ip {' '.join(words)}` failed",
            evidence=done.tail(),
            remedy="install the package iproute2",
            outcome="failed",
        )
    return [entry for entry in json.loads(done.out or "[]") if entry]
