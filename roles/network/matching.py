"""Which interfaces of a host a declaration means, and what of it the host cannot do."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from roles.network.devices import Ethernet
from roles.network.faults import Fault
from roles.network.host_network import HostInterface, HostNetwork, Renderer
from roles.network.settings import NetworkSettings


def renderer_of(settings: NetworkSettings, host: HostNetwork) -> Renderer:
    """Return the renderer to write for: the declared one, else the host's.

    Raise ValueError where the host has none, which ``host_faults`` tells.
    """
    renderer = host.renderer if settings.renderer == "auto" else settings.renderer
    if renderer is None:
        raise ValueError("no renderer is declared and the host has none")
    return renderer


def interfaces_of(key: str, ethernet: Ethernet, host: HostNetwork) -> tuple[HostInterface, ...]:
    """Return the wired interfaces that a declaration means, by name."""
    return tuple(
        sorted((i for i in host.wired if _is_meant(key, ethernet, i)), key=lambda i: i.name)
    )


def netplan_ids(settings: NetworkSettings, host: HostNetwork) -> dict[str, str]:
    """Return the name in netplan of every declared device, by its key.

    The interface's own name where one is meant: NetworkManager takes a bond's primary and a VLAN's
    parent by that name, whatever the match says. Else the key.
    """
    ids = {key: key for (_, key), _ in settings.devices}
    for key, ethernet in settings.ethernets.items():
        meant = interfaces_of(key, ethernet, host)
        if len(meant) == 1 and ethernet.match is None:
            ids[key] = meant[0].name
    return ids


def host_faults(settings: NetworkSettings, host: HostNetwork) -> tuple[Fault, ...]:
    """Return what a host lacks or cannot do of what is declared for it."""
    return (
        *_no_renderer(settings, host),
        *_absent(settings, host),
        *_too_wide(settings, host),
        *_meant_twice(settings, host),
        *_names_in_use(settings, host),
        *_not_for_renderer(settings, host),
    )


def _is_meant(key: str, ethernet: Ethernet, interface: HostInterface) -> bool:
    if ethernet.mac is not None:
        return interface.mac == ethernet.mac
    if ethernet.match is not None:
        return fnmatchcase(interface.name, ethernet.match)
    return interface.name == (ethernet.name or key)


def _no_renderer(settings: NetworkSettings, host: HostNetwork) -> Iterator[Fault]:
    if settings.renderer == "auto" and host.renderer is None:
        yield Fault(
            ("renderer",),
            settings.renderer,
            "neither networkd nor NetworkManager configures this host's network",
            "set renderer to the one that shall, and take the interfaces out of "
            "/etc/network/interfaces where they stand there",
        )


def _absent(settings: NetworkSettings, host: HostNetwork) -> Iterator[Fault]:
    has = ", ".join(f"{i.name} ({i.mac or 'no MAC'})" for i in host.wired) or "none"
    for key, ethernet in settings.ethernets.items():
        if interfaces_of(key, ethernet, host):
            continue
        others = [i for i in host.interfaces if _is_meant(key, ethernet, i)]
        if any(i.kind == "wireless" for i in others):
            yield Fault(
                ("ethernets", key),
                key,
                f"{others[0].name} is a Wi-Fi interface, which this role leaves alone",
                f"name a wired interface; the host has {has}",
            )
        elif not ethernet.optional:
            yield Fault(
                ("ethernets", key),
                ethernet.mac or ethernet.match or ethernet.name or key,
                f"the host has no such wired interface; it has {has}",
                "correct mac, name or match, or set optional to True for one that is plugged in "
                "later",
            )


def _too_wide(settings: NetworkSettings, host: HostNetwork) -> Iterator[Fault]:
    """A pattern goes to the renderer as it is, and networkd takes whatever fits, Wi-Fi too."""
    ours = {key for (kind, key), _ in settings.devices if kind != "ethernets"}
    others = {i.name for i in host.interfaces if i.kind != "ethernet"} | ours
    for key, ethernet in settings.ethernets.items():
        if ethernet.match is None or not interfaces_of(key, ethernet, host):
            continue
        fitting = sorted(name for name in others if fnmatchcase(name, ethernet.match))
        if fitting:
            yield Fault(
                ("ethernets", key, "match"),
                ethernet.match,
                f"it also fits {', '.join(fitting)}, which are no wired interfaces",
                "make the pattern narrower (such as en*), or name the interfaces one by one",
            )


def _meant_twice(settings: NetworkSettings, host: HostNetwork) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for key, ethernet in settings.ethernets.items():
        for interface in interfaces_of(key, ethernet, host):
            other = seen.setdefault(interface.name, key)
            if other != key:
                yield Fault(
                    ("ethernets", key),
                    interface.name,
                    f"ethernets.{other} means the same interface",
                    "declare it once, or make the pattern of match narrower",
                )


def _names_in_use(settings: NetworkSettings, host: HostNetwork) -> Iterator[Fault]:
    ids = netplan_ids(settings, host)
    for (kind, key), _ in settings.devices:
        interface = host.interface(key)
        wanted = {"bonds": "bond", "vlans": "vlan"}.get(kind)
        if wanted is not None and interface is not None and interface.kind != wanted:
            yield Fault(
                (kind, key),
                key,
                f"the host has an interface of this name that is no {wanted}",
                "choose another name",
            )
        elif wanted is None and ids[key] == key and list(ids.values()).count(key) > 1:
            yield Fault(
                (kind, key),
                key,
                "another declared interface has this name on the host",
                "choose another key",
            )


def _not_for_renderer(settings: NetworkSettings, host: HostNetwork) -> Iterator[Fault]:
    if settings.renderer != "auto" or host.renderer != "NetworkManager":
        return  # declared NetworkManager: found before any connection
    for key, ethernet in settings.ethernets.items():
        for setting, value in ethernet.offloads:
            yield Fault(
                ("ethernets", key, setting),
                value,
                "the host's NetworkManager cannot set this through netplan",
                "leave it out, or set renderer to networkd",
            )
