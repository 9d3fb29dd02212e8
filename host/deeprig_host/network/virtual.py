"""Virtual interfaces that a configuration makes, and the names of real ones."""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from pathlib import Path

from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused
from deeprig_host.network.names import CONFIGURATION, NETWORKD

#: What netplan has made of its YAML: for networkd, and for NetworkManager.
_GENERATED: tuple[tuple[str, str, str, str], ...] = (
    ("/run/systemd/network", "*netplan-*.netdev", "NetDev", "Name"),
    ("/run/NetworkManager/system-connections", "netplan-*", "connection", "interface-name"),
)
_WRITTEN = ((CONFIGURATION[NETWORKD], "*.netdev", "NetDev", "Name"),)
_NOT_VIRTUAL = ("ethernet", "802-3-ethernet", "wifi", "802-11-wireless", "gsm", "cdma")


def declared_devices(machine: Machine, kind: str) -> dict[str, str]:
    """Return name to definition of the virtual interfaces that the written configuration makes.

    For netplan that is what its generator last made of it.
    """
    sources = _WRITTEN if kind == NETWORKD else _GENERATED
    found: dict[str, str] = {}
    for directory, pattern, section, key in sources:
        for file in sorted(machine.path(directory).glob(pattern)):
            text = file.read_text(encoding="utf-8", errors="replace")
            name = _name(text, section, key, file)
            if name:
                found[name] = text
    return found


def only_in(these: Mapping[str, str], others: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of devices that the others lack or define otherwise."""
    return tuple(sorted(name for name, text in these.items() if others.get(name) != text))


def delete_devices(machine: Machine, names: tuple[str, ...]) -> tuple[str, ...]:
    """Delete the virtual interfaces that are there; return what could not be done."""
    remarks = []
    for name in names:
        device = machine.path(f"/sys/class/net/{name}")
        if device.exists() and not (device / "device").exists():
            done = machine.run("ip", "link", "delete", "dev", name)
            remarks += [] if done.is_good else [f"ip link delete {name}: {' '.join(done.tail(2))}"]
    return tuple(remarks)


def hardware(machine: Machine) -> tuple[tuple[str, str], ...]:
    """Return names and MAC addresses of the real interfaces, sorted by name."""
    pairs = ((i.name, machine.text(f"/sys/class/net/{i.name}/address")) for i in _real(machine))
    return tuple((name, mac) for name, mac in pairs if mac)


def rename_back(machine: Machine, recorded: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Give real interfaces the names that they had; return what could not be done.

    A ``set-name`` renames when a link appears (systemd.link(5)); taking the file away does not
    rename it back. Only an unambiguous MAC address decides.
    """
    present = hardware(machine)
    remarks: list[str] = []
    for name, mac in recorded:
        now = [other for other, address in present if address == mac]
        if len(now) != 1 or now[0] == name or name in dict(present):
            continue
        for words in (("dev", now[0], "down"), ("dev", now[0], "name", name)):
            done = machine.run("ip", "link", "set", *words)
            if not done.is_good:
                remarks.append(f"ip link set {' '.join(words)}: {' '.join(done.tail(2))}")
                break
    return tuple(remarks)


def _real(machine: Machine) -> list[Path]:
    directory = machine.path("/sys/class/net")
    entries = sorted(directory.iterdir()) if directory.is_dir() else []
    return [entry for entry in entries if (entry / "device").exists()]


def _name(text: str, section: str, key: str, file: Path) -> str | None:
    """Return a device's name in a file of ini form; None where it declares no virtual one."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    try:
        parser.read_string(text, source=str(file))
    except configparser.Error as error:
        raise Refused("a network file cannot be read", evidence=(str(error),)) from error
    if parser.get("connection", "type", fallback="") in _NOT_VIRTUAL:
        return None
    return parser.get(section, key, fallback=None)
