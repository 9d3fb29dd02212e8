"""Whether what lies on the host is what was declared, confirmed, and safe from cloud-init."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from roles.network.earlier_files import earlier_files
from roles.network.host_network import HostNetwork
from roles.network.link.finding import Finding
from roles.network.matching import host_faults
from roles.network.netplan import NETPLAN_MODE, NETPLAN_PATH, render
from roles.network.settings import NetworkSettings


def configuration_findings(
    settings: NetworkSettings, host: HostNetwork, observed: Mapping[str, Any]
) -> Iterator[Finding]:
    """Yield what is found of the file, of cloud-init, and of an open change."""
    yield from _file(settings, host, observed)
    yield from _earlier(settings, host, observed)
    yield from _cloud_init(settings, observed["cloud_init"])
    yield _no_open_change(observed)


def _file(
    settings: NetworkSettings, host: HostNetwork, observed: Mapping[str, Any]
) -> Iterator[Finding]:
    name = f"{NETPLAN_PATH} says what is declared"
    faults = host_faults(settings, host)
    if faults:
        yield Finding(name, False, "; ".join(fault.text for fault in faults))
        return
    files = {file["path"]: file for file in observed["netplan_files"]}
    found = files.get(NETPLAN_PATH)
    if found is None:
        yield Finding(name, False, "it is not there: apply the role network")
        return
    wanted = hashlib.sha256(render(settings, host).text.encode()).hexdigest()
    is_good = found["sha256"] == wanted
    evidence = f"sha256 {found['sha256'][:16]}"
    if not is_good:
        evidence += f", declared is {wanted[:16]}: apply the role network"
    yield Finding(name, is_good, evidence)
    is_private = found["mode"] == NETPLAN_MODE
    yield Finding(f"{NETPLAN_PATH} is root's alone", is_private, f"mode {found['mode']}")


def _earlier(
    settings: NetworkSettings, host: HostNetwork, observed: Mapping[str, Any]
) -> Iterator[Finding]:
    """netplan merges its files: another one that describes a declared interface adds to it."""
    earlier = earlier_files(settings, host, observed["netplan_files"], NETPLAN_PATH)
    left = [*earlier.removed, *(fault.text for fault in earlier.faults)]
    name = "no earlier netplan file adds to it"
    if left:
        yield Finding(name, False, f"{', '.join(left)}: apply the role network")
    elif earlier.unknown:
        yield Finding(name, None, f"{', '.join(earlier.unknown)} could not be read")
    else:
        yield Finding(name, True, "none")


def _cloud_init(settings: NetworkSettings, told: Mapping[str, bool]) -> Iterator[Finding]:
    """A host without cloud-init, or where it shall go on, has nothing to switch off."""
    if not settings.disable_cloud_init or not told["is_installed"]:
        return
    is_off = told["is_disabled"] or told["is_network_disabled"]
    evidence = "it may still write a configuration: apply the role network"
    if told["is_disabled"]:
        evidence = "cloud-init does not run"
    elif told["is_network_disabled"]:
        evidence = "its network configuration is switched off"
    yield Finding("cloud-init leaves the network alone", is_off, evidence)


def _no_open_change(observed: Mapping[str, Any]) -> Finding:
    change, is_armed = observed["change"], observed["is_armed"]
    name = "no network change is left open"
    if change is not None:
        left = observed["seconds_left"]
        when = "" if left is None else f"; the host goes back in {left:.0f} s"
        return Finding(name, False, f"{change['id']} is {change['phase']}{when}")
    if is_armed:
        return Finding(name, False, "a way back is armed, but no change is open")
    last = observed["last_change"]
    evidence = "there was none" if last is None else f"the last one: {last['phase']}"
    return Finding(name, True, evidence)
