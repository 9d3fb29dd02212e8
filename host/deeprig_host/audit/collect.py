"""Everything together, as one JSON value: schema "deeprig.hardware/1".

Null means that it cannot be told, and ``unknown`` says why: an entry's ``what`` is the path of the
null (or of what is above it), list elements by their address, name or locator, as in
``gpus.0000:01:00.0.memory_bytes``. In ``pci``, ``nics`` and a GPU's ``driver`` null also means that
there is none: no driver bound, no subsystem, node, slot or link, no PCI function. An empty memory
slot has no type and no speed. ``simulated`` is null on every real machine.
"""

from __future__ import annotations

import datetime
from dataclasses import asdict
from typing import Any

from deeprig_host.audit.cpu import cpu
from deeprig_host.audit.disks import disks
from deeprig_host.audit.firmware import firmware
from deeprig_host.audit.gpus import gpus
from deeprig_host.audit.memory import memory
from deeprig_host.audit.nics import nics
from deeprig_host.audit.pci import Device, devices
from deeprig_host.audit.power import power
from deeprig_host.audit.system import system
from deeprig_host.audit.thermal import sensors, zones
from deeprig_host.audit.tree import Tree
from deeprig_host.audit.virtualization import is_virtual

SCHEMA = "deeprig.hardware/1"


def collect(tree: Tree) -> dict[str, Any]:
    """Return all facts of the machine whose files these are."""
    on_bus = devices(tree)
    cards = gpus(tree, on_bus)
    is_made_up = is_virtual(tree)
    return {
        "schema": SCHEMA,
        "collected": _now(),
        "simulated": _simulated(tree),
        "system": asdict(system(tree)),
        "firmware": asdict(firmware(tree, is_made_up, cards)),
        "cpu": asdict(cpu(tree)),
        "memory": asdict(memory(tree, is_made_up)),
        "pci": [_pci(device) for device in on_bus],
        "gpus": [asdict(card) for card in cards],
        "nvswitch_count": sum(device.is_nvswitch for device in on_bus),
        "disks": [asdict(disk) for disk in disks(tree, is_made_up)],
        "nics": [asdict(nic) for nic in nics(tree)],
        "power": asdict(power(tree)),
        "thermal": [asdict(zone) for zone in zones(tree)],
        "sensors": [asdict(sensor) for sensor in sensors(tree)],
        "unknown": [asdict(entry) for entry in tree.unknown],
    }


def _simulated(tree: Tree) -> str | None:
    """Return what stands in for the real thing on a machine of deeprig's own tests; else None."""
    text = tree.text("/etc/deeprig-sim/simulated")
    return text.splitlines()[0] if text else None


def _pci(device: Device) -> dict[str, Any]:
    fields = asdict(device)
    return {name.rstrip("_"): value for name, value in fields.items()}


def _now() -> str:
    now = datetime.datetime.now(tz=datetime.timezone.utc)
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")
