"""Which netplan files of before the declaration takes the place of.

netplan merges all its files, and lists grow by that: an address of an old file would stay. So a
file that only configures what is declared goes; one that also configures something else is for a
person to divide; one that has nothing to do with it stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from roles.network.faults import Fault
from roles.network.host_network import HostInterface, HostNetwork
from roles.network.matching import interfaces_of
from roles.network.settings import NetworkSettings


@dataclass(frozen=True, slots=True)
class EarlierFiles:
    """``removed`` and ``unknown`` (nobody could read them) are paths; ``faults`` forbid it all."""

    removed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


def earlier_files(
    settings: NetworkSettings,
    host: HostNetwork,
    files: Iterable[Mapping[str, Any]],
    own: str,
) -> EarlierFiles:
    """Return what becomes of the observed netplan files; ``own`` is the role's."""
    removed, unknown, faults = [], [], []
    ours = _declared(settings, host)
    for file in files:
        path, devices = file["path"], file["devices"]
        if path == own:
            continue
        if devices is None:
            unknown.append(path)
            continue
        met = [device for device in devices if _is_met(device, ours, host)]
        # What is for hardware that is not here does not hold anybody back.
        others = [d for d in devices if d not in met and not _is_for_nothing(d, host)]
        if met and others:
            faults.append(_mixed(path, others))
        elif met:
            removed.append(path)
    return EarlierFiles(tuple(removed), tuple(unknown), tuple(faults))


def _declared(settings: NetworkSettings, host: HostNetwork) -> frozenset[str]:
    """Return the names on the host of everything that is declared."""
    names = {key for (kind, key), _ in settings.devices if kind != "ethernets"}
    for key, ethernet in settings.ethernets.items():
        names.update(i.name for i in interfaces_of(key, ethernet, host))
    return frozenset(names)


def _is_met(device: Mapping[str, Any], ours: frozenset[str], host: HostNetwork) -> bool:
    """Say whether a file's device is, or is made of, one that is declared."""
    if device["kind"] == "ethernets":
        return any(i.name in ours for i in _meant(device, host))
    if device["kind"] == "wifis":
        return False
    return device["id"] in ours or any(name in ours for name in device["lower"])


def _is_for_nothing(device: Mapping[str, Any], host: HostNetwork) -> bool:
    return device["kind"] == "ethernets" and not _meant(device, host)


def _meant(device: Mapping[str, Any], host: HostNetwork) -> tuple[HostInterface, ...]:
    """Return the interfaces that an entry of ``ethernets`` matches (netplan-yaml(5), match)."""
    match: Mapping[str, Any] | None = device["match"]
    if match is None:
        return tuple(i for i in host.interfaces if i.name in (device["id"], device["set_name"]))
    return tuple(i for i in host.wired if _fits(match, i))


def _fits(match: Mapping[str, Any], interface: HostInterface) -> bool:
    if "macaddress" in match and str(match["macaddress"]).lower() != interface.mac:
        return False
    for name, value in (("name", interface.name), ("driver", interface.driver or "")):
        patterns = match.get(name, value)
        patterns = [patterns] if isinstance(patterns, str) else patterns
        if not any(fnmatchcase(value, pattern) for pattern in patterns):
            return False
    return True


def _mixed(path: str, others: list[Mapping[str, Any]]) -> Fault:
    names = ", ".join(sorted(f"{d['kind']}.{d['id']}" for d in others))
    return Fault(
        (),
        path,
        f"{path} on the host configures what is declared, and also {names}, which is not",
        "declare that too, or move it to a file of its own in /etc/netplan",
    )
