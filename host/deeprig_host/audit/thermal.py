"""Temperatures, fans and power that the kernel measures: thermal zones and hwmon chips."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deeprig_host.audit.tree import Tree

_ZONES, _CHIPS = "/sys/class/thermal", "/sys/class/hwmon"
#: Documentation/hwmon/sysfs-interface: milli-degrees, revolutions per minute, microwatts.
_KINDS = {"temp": ("temperature", 1000), "fan": ("fan", 1), "power": ("power", 1_000_000)}
_INPUT = re.compile(r"(temp|fan|power)(\d+)_(input|average)")


@dataclass(frozen=True, slots=True)
class Zone:
    """A thermal zone of the platform."""

    zone: str
    type: str
    celsius: float | None


@dataclass(frozen=True, slots=True)
class Sensor:
    """A reading: ``value`` in degrees Celsius, revolutions per minute or watts by ``kind``."""

    chip: str
    label: str
    kind: str
    value: float


def zones(tree: Tree) -> tuple[Zone, ...]:
    """Return the thermal zones; a zone that is off fails to read and has no temperature."""
    names = (n for n in tree.names(_ZONES, "thermal") if n.startswith("thermal_zone"))
    found = (_zone(tree, name) for name in names)
    return tuple(zone for zone in found if zone is not None)


def sensors(tree: Tree) -> tuple[Sensor, ...]:
    """Return all readings of all chips; one that cannot be read is told of and left out."""
    found = []
    for chip in tree.names(_CHIPS, "sensors"):
        base = f"{_CHIPS}/{chip}"
        name = tree.text(f"{base}/name") or chip
        for entry in tree.names(base):
            match = _INPUT.fullmatch(entry)
            if match and not _is_second(tree, base, match):
                found.append(_sensor(tree, base, name, match))
    return tuple(sensor for sensor in found if sensor is not None)


def _zone(tree: Tree, name: str) -> Zone | None:
    what = f"thermal.{name}"
    kind = tree.text(f"{_ZONES}/{name}/type", what)
    if kind is None:
        return None
    millidegrees = tree.number(f"{_ZONES}/{name}/temp", f"{what}.celsius")
    return Zone(name, kind, None if millidegrees is None else millidegrees / 1000)


def _is_second(tree: Tree, base: str, match: re.Match[str]) -> bool:
    """Say whether it is the average of what is read directly too."""
    return match[3] == "average" and tree.is_there(f"{base}/{match[1]}{match[2]}_input")


def _sensor(tree: Tree, base: str, chip: str, match: re.Match[str]) -> Sensor | None:
    kind, per_unit = _KINDS[match[1]]
    label = tree.text(f"{base}/{match[1]}{match[2]}_label") or f"{match[1]}{match[2]}"
    value = tree.number(f"{base}/{match[0]}", f"sensors.{chip}.{label}")
    return None if value is None else Sensor(chip, label, kind, value / per_unit)
