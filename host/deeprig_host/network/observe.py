"""Everything a decision about the network needs. Nothing is changed, no secret is told."""

from __future__ import annotations

import hashlib
import re
import stat
from pathlib import Path
from typing import Any

from deeprig_host.machine.commands import Machine
from deeprig_host.network import guard, journal
from deeprig_host.network.interfaces import default_routes, interfaces
from deeprig_host.network.names import CLOUD_CONFIG, CONFIGURATION, NETPLAN, NETWORKD
from deeprig_host.network.netplan_files import devices_of

_IFUPDOWN = re.compile(r"^\s*iface\s+(\S+)", re.MULTILINE)
_NAMESERVER = re.compile(r"^\s*nameserver\s+(\S+)", re.MULTILINE)
#: cloud.cfg.d(5): `network: {config: disabled}`, in one line or in two.
_NETWORK_OFF = re.compile(r"^network:\s*(\{\s*)?config:\s*[\"']?disabled\b", re.MULTILINE)


def observe(machine: Machine) -> dict[str, Any]:
    """Return interfaces, routes, renderer, configuration files, DNS, and the open change."""
    return {
        "interfaces": interfaces(machine),
        "default_routes": default_routes(machine),
        "renderer": renderer(machine),
        "has_netplan": not machine.run("netplan", "info").is_missing,
        "netplan_files": [
            file | {"devices": devices_of(machine.path(file["path"]))}
            for file in _files(machine, CONFIGURATION[NETPLAN], "*.yaml")
        ],
        "networkd_files": _files(machine, CONFIGURATION[NETWORKD], "**/*"),
        "cloud_init": _cloud_init(machine),
        "dns_servers": dns_servers(machine),
        **status(machine),
    }


def status(machine: Machine) -> dict[str, Any]:
    """Return the open change, whether the host goes back by itself and when, and the last one."""
    change, last = journal.read_journal(machine), journal.last_change(machine)
    is_armed = guard.is_armed(machine)
    return {
        "change": None if change is None else change.summary(),
        "is_armed": is_armed,
        "seconds_left": guard.seconds_left(machine) if is_armed else None,
        "last_change": None if last is None else last.summary(),
    }


def renderer(machine: Machine) -> str:
    """Return who configures interfaces: NetworkManager, networkd, ifupdown or none.

    Where several run, the first that has an interface of its own counts.
    """
    if _is_active(machine, "NetworkManager.service") and _manager_has_a_device(machine):
        return "NetworkManager"
    if _is_active(machine, "systemd-networkd.service") and _networkd_has_a_link(machine):
        return "networkd"
    directory = machine.path("/etc/network")
    files = [directory / "interfaces", *sorted(directory.glob("interfaces.d/*"))]
    text = "\n".join(file.read_text(errors="replace") for file in files if file.is_file())
    return "ifupdown" if set(_IFUPDOWN.findall(text)) - {"lo"} else "none"


def dns_servers(machine: Machine) -> list[str]:
    """Return the name servers in use: those behind systemd-resolved, else resolv.conf(5)."""
    for path in ("/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"):
        text = machine.text(path)
        if text is not None:
            return _NAMESERVER.findall(text)
    return []


def _is_active(machine: Machine, unit: str) -> bool:
    return machine.run("systemctl", "is-active", unit).is_good


def _manager_has_a_device(machine: Machine) -> bool:
    shown = machine.run("nmcli", "-t", "-f", "TYPE,STATE", "device").out
    rows = (line.split(":", 1) for line in shown.splitlines() if ":" in line)
    return any(kind != "loopback" and state.startswith("connect") for kind, state in rows)


def _networkd_has_a_link(machine: Machine) -> bool:
    """Read what networkd tells of its links (sd-network: one file per interface index)."""
    links = machine.path("/run/systemd/netif/links")
    texts = (file.read_text(encoding="utf-8") for file in sorted(links.glob("*")))
    return any(re.search(r"^ADMIN_STATE=configur", text, re.MULTILINE) for text in texts)


def _files(machine: Machine, directory: str, pattern: str) -> list[dict[str, Any]]:
    """Return path, mode and digest of files; their content may hold keys."""
    found = sorted(machine.path(directory).glob(pattern))
    return [_file(machine, path) for path in found if path.is_file()]


def _file(machine: Machine, path: Path) -> dict[str, Any]:
    return {
        "path": f"/{path.relative_to(machine.root)}",
        "mode": f"{stat.S_IMODE(path.stat().st_mode):o}",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def _cloud_init(machine: Machine) -> dict[str, bool]:
    """Say whether cloud-init is there, may run, and may write network configuration."""
    configured = machine.path("/etc/cloud/cloud.cfg.d")
    texts = [file.read_text(errors="replace") for file in sorted(configured.glob("*.cfg"))]
    return {
        "is_installed": machine.path("/usr/bin/cloud-init").exists(),
        "is_disabled": machine.path("/etc/cloud/cloud-init.disabled").exists(),
        "is_network_disabled": any(_NETWORK_OFF.search(text) for text in texts),
        "has_our_switch": machine.path(CLOUD_CONFIG).exists(),
    }
