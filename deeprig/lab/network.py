"""The lab's network: one namespace with a bridge, and no way out but the gateway."""

from __future__ import annotations

import json
from pathlib import Path

from deeprig.errors import DeeprigError
from deeprig.lab.commands import run
from deeprig.lab.mounts import is_mounted
from deeprig.lab.state import BRIDGE_ADDRESS

NAMESPACES = Path("/run/netns")
BRIDGE = "br0"


def exists(namespace: str) -> bool:
    """Say whether the namespace is there."""
    return (NAMESPACES / namespace).exists()


def create(namespace: str) -> None:
    """Make the namespace with its bridge; a half-made one is completed."""
    if not exists(namespace):
        run(("ip", "netns", "add", namespace), what="making the lab's network namespace")
    inside = ("ip", "-n", namespace)
    run((*inside, "link", "set", "lo", "up"), what="starting the loopback device")
    links = json.loads(run((*inside, "-json", "addr"), what="reading the lab's network"))
    bridge = next((link for link in links if link["ifname"] == BRIDGE), None)
    if bridge is None:
        run((*inside, "link", "add", BRIDGE, "type", "bridge"), what="making the lab's bridge")
    if bridge is None or not any(a["local"] == BRIDGE_ADDRESS for a in bridge["addr_info"]):
        address = f"{BRIDGE_ADDRESS}/24"
        run((*inside, "addr", "add", address, "dev", BRIDGE), what="addressing the lab's bridge")
    run((*inside, "link", "set", BRIDGE, "up"), what="starting the lab's bridge")


def remove(namespace: str) -> None:
    """Remove the namespace, if it is there; its devices go with it."""
    if exists(namespace):
        run(("ip", "netns", "delete", namespace), what="removing the lab's network namespace")
    _unmount_when_empty()


def _unmount_when_empty() -> None:
    """Take back what `ip netns add` mounts for the first namespace, and never unmounts.

    Another `ip netns add` may come at any time: it needs no more than the directory, which stays.
    """
    if not is_mounted(NAMESPACES) or any(NAMESPACES.iterdir()):
        return
    try:
        run(("umount", str(NAMESPACES)), what=f"unmounting {NAMESPACES}")
    except DeeprigError:
        if not any(NAMESPACES.iterdir()):  # else it is in use again, and was rightly busy
            raise
