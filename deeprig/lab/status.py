"""What ``lab status --json`` tells: the object is stable, and documented in docs/json.md."""

from __future__ import annotations

from typing import Any

from deeprig.lab import gateway_process, machine
from deeprig.lab.state import LabState

SCHEMA = "deeprig.lab.status/1"


def status_document(state: LabState) -> dict[str, Any]:
    """Return a lab's state as it is now."""
    hosts = [
        {
            "host": host.name,
            "os": host.os,
            "address": host.address,
            "ssh_hostname": "127.0.0.1",
            "ssh_port": host.ssh_port,
            "running": machine.is_running(state, host),
            "boot_id": machine.boot_id(state, host),
        }
        for host in state.hosts
    ]
    return {
        "schema": SCHEMA,
        "directory": str(state.directory),
        "inventory": str(state.inventory),
        "gateway_running": gateway_process.is_running(state),
        "bridge_address": state.bridge_address,
        "hosts": hosts,
        "served": state.served_urls,
        "served_to_controller": {name: state.controller_url(name) for name, _ in state.served},
    }
