"""The hardware, as ``deeprig inspect`` reads it: models, sizes, firmware and its settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deeprig_host.audit.collect import collect
from deeprig_host.audit.tree import Tree
from deeprig_host.fleet.order import Order
from deeprig_host.fleet.told import Page

_GIB, _GB = 1 << 30, 10**9
#: Path in the collector's document, and what it is called here.
_EVERYWHERE = {
    "system.virtualization": "virtualization",
    "cpu.model": "CPU model",
    "cpu.sockets": "CPU sockets",
    "cpu.cores": "CPU cores",
    "cpu.threads": "CPU threads",
}
#: What a virtual machine's firmware says of is its hypervisor.
_ON_METAL = {
    "system.vendor": "system vendor",
    "system.product": "system product",
    "firmware.vendor": "firmware vendor",
    "firmware.version": "firmware version",
    "firmware.date": "firmware date",
    "firmware.boot": "boot",
    "firmware.secure_boot": "Secure Boot",
    "firmware.iommu": "IOMMU",
    "memory.has_ecc": "memory ECC",
}
_OF_CARDS_WITH_WINDOWS = {
    "firmware.above_4g": "above 4G decoding",
    "firmware.resizable_bar": "resizable BAR",
}


def hardware(page: Page, order: Order) -> None:
    """Tell what the collector of ``inspect`` tells, as far as it is to be alike."""
    facts = collect(Tree(page.machine.root))
    if facts["system"]["is_container"] and facts["simulated"] is None:
        page.skip("a container shows the hardware of its machine")
        return
    _known(page, facts, _EVERYWHERE)
    total = facts["memory"]["total_bytes"]
    if total is None:
        _lack(page, facts, "memory", "memory.total_bytes")
    else:  # what the kernel keeps for itself differs by a few MiB from boot to boot
        page.say("memory", f"{round(total / _GIB)} GiB")
    if facts["system"]["virtualization"] == "none":
        _known(page, facts, _ON_METAL)
        _modules(page, facts)
        if facts["gpus"]:
            _known(page, facts, _OF_CARDS_WITH_WINDOWS)
    _cards(page, facts)
    for number, disk in enumerate(facts["disks"]):
        model = disk["model"] or "no model"
        page.say(f"disk {number}", f"{disk['transport']} {model} {disk['size_bytes'] // _GB} GB")
    for number, nic in enumerate(facts["nics"]):
        page.say(f"network card {number}", f"{nic['driver']}")


def _known(page: Page, facts: Mapping[str, Any], names: Mapping[str, str]) -> None:
    for path, name in names.items():
        section, _, key = path.partition(".")
        value = facts[section][key]
        if value is None:
            _lack(page, facts, name, path)
        elif isinstance(value, bool):
            page.say(name, "yes" if value else "no")
        else:
            page.say(name, value)


def _modules(page: Page, facts: Mapping[str, Any]) -> None:
    slots = facts["memory"]["slots"]
    if slots is None:
        _lack(page, facts, "memory modules", "memory.slots")
        return
    for slot in slots:
        size = slot["size_bytes"]
        filled = f"{size // _GIB} GiB {slot['type']} {slot['speed_mts']} MT/s"
        page.say(f"memory {slot['locator']}", filled if size else "empty")


def _cards(page: Page, facts: Mapping[str, Any]) -> None:
    page.say("GPUs", len(facts["gpus"]))
    for number, card in enumerate(facts["gpus"]):
        page.say(f"gpu {number}", card["name"] or f"{card['vendor']}:{card['device']}")
        page.say(f"gpu {number} driver", card["driver"] or "none")
        if card["source"] == "nvml":
            for key, name in (("memory_bytes", "memory"), ("power_limit_watts", "power limit")):
                path = f"gpus.{card['address']}.{key}"
                value = card[key]
                if value is None:
                    _lack(page, facts, f"gpu {number} {name}", path)
                else:
                    page.say(f"gpu {number} {name}", f"{value:g}")


def _lack(page: Page, facts: Mapping[str, Any], name: str, path: str) -> None:
    why = next(_reasons(facts, path), "the collector of `deeprig inspect` does not say why")
    page.lack(name, why)


def _reasons(facts: Mapping[str, Any], path: str) -> Iterator[str]:
    for entry in facts["unknown"]:
        what = entry["what"]
        if path == what or path.startswith(f"{what}."):
            yield entry["why"]
