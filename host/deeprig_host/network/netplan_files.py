"""What a netplan file configures, by name and match alone: it can hold keys of Wi-Fi."""

from __future__ import annotations

from pathlib import Path
from typing import Any

#: Members of ``network`` that are no devices (netplan-yaml(5)).
_NO_DEVICES = ("version", "renderer")


def devices_of(path: Path) -> list[dict[str, Any]] | None:
    """Return the devices of a netplan file: kind, id, match, set_name and what they are made of.

    None where nobody can tell: python3-yaml is not there, or the file is no YAML of netplan's.
    """
    try:
        import yaml
    except ImportError:  # netplan itself needs it in some releases only
        return None
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        return None
    if document is None:
        return []
    network = document.get("network") if isinstance(document, dict) else None
    if network is None or not isinstance(network, dict):
        return [] if network is None else None
    found: list[dict[str, Any]] = []
    for kind, devices in network.items():
        if kind in _NO_DEVICES or devices is None:
            continue
        if not isinstance(devices, dict):
            return None
        found += [_device(str(kind), str(name), value) for name, value in devices.items()]
    return found


def _device(kind: str, identity: str, value: Any) -> dict[str, Any]:
    values = value if isinstance(value, dict) else {}
    match = values.get("match")
    lower = values.get("interfaces")
    if values.get("link"):
        lower = [values["link"]]
    return {
        "kind": kind,
        "id": identity,
        "match": {str(k): _text(v) for k, v in match.items()} if isinstance(match, dict) else None,
        "set_name": _text(values.get("set-name")),
        "lower": [str(name) for name in lower] if isinstance(lower, list) else [],
    }


def _text(value: Any) -> Any:
    """Return a scalar as text, a list of them as a list; None stays."""
    if value is None:
        return None
    return [str(v) for v in value] if isinstance(value, list) else str(value)
