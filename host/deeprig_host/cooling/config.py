"""The one reader of ``/etc/deeprig/cooling.conf``: a configuration, or every problem in it.

::

    [cooling]
    interval_seconds = 2
    [defaults]
    curve = 30:30 50:40 70:70 85:100
    target_c = 70
    [gpu 0000:01:00.0]
    mode = monitor
    [power]
    budget_watts = 900
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from deeprig_host.cooling.declared import Configuration, GpuSettings
from deeprig_host.cooling.values import COOLING_KEYS, GPU_KEYS, POWER_KEYS
from deeprig_host.machine.ini import BadConfiguration as BadConfiguration
from deeprig_host.machine.ini import Ini, Problem, Section, read_ini
from deeprig_host.machine.values import BadValue, Parse

_UUID = re.compile(r"gpu-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ADDRESS = re.compile(r"(?:([0-9a-f]{4}|[0-9a-f]{8}):)?([0-9a-f]{2}:[0-9a-f]{2}\.[0-7])")
_SECTIONS = "[cooling], [defaults], [gpu NAME] or [power]"


def read_configuration(path: Path) -> Configuration:
    """Return the configuration of a file. Raise BadConfiguration."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        remedy = "the role cooling places this file: run `deeprig apply --role cooling`"
        raise BadConfiguration((Problem(str(path), reason, remedy),)) from error
    return parse_configuration(text, str(path))


def parse_configuration(text: str, file: str) -> Configuration:
    """Return the configuration of a text; ``file`` names it. Raise BadConfiguration."""
    ini = read_ini(text, file)
    sections = _by_name(ini)
    cooling = _values(ini, sections.pop("cooling", None), COOLING_KEYS)
    power = _values(ini, sections.pop("power", None), POWER_KEYS)
    section = sections.pop("defaults", None)
    defaults = _values(ini, section, GPU_KEYS)
    _need_curve(ini, defaults, section)
    gpus = {}
    for name, gpu in sections.items():
        gpus[name] = defaults | _values(ini, gpu, GPU_KEYS)
        _need_curve(ini, gpus[name], gpu)
    if ini.problems:
        raise BadConfiguration(tuple(sorted(ini.problems, key=_line)))
    settings = {name: _settings(values) for name, values in gpus.items()}
    return Configuration(_settings(defaults), settings, **cooling, **power)


def _by_name(ini: Ini) -> dict[str, Section]:
    """Return the known sections by the one spelling of their names."""
    found: dict[str, Section] = {}
    for section in ini.sections:
        name = _section_name(section.name)
        if name is None:
            ini.refuse(
                section.line,
                f"there is no section [{section.name}]",
                f"sections are {_SECTIONS}; NAME is a UUID, a PCI address or an index",
            )
        elif name in found:
            ini.refuse(
                section.line,
                f"[{section.name}] stands twice, first in line {found[name].line}",
                "put its settings into one section",
            )
        else:
            found[name] = section
    return found


def _section_name(name: str) -> str | None:
    """Return a section's own name, for a GPU's the GPU's; None for one that does not exist."""
    if name in ("cooling", "defaults", "power"):
        return name
    word, _, gpu = name.partition(" ")
    gpu = gpu.lower()
    address = _ADDRESS.fullmatch(gpu)
    if word != "gpu":
        return None
    if address:
        return f"{int(address[1] or '0', 16):04x}:{address[2]}"
    if gpu.isascii() and gpu.isdigit():
        return str(int(gpu))
    return gpu if _UUID.fullmatch(gpu) else None


def _values(ini: Ini, section: Section | None, keys: dict[str, Parse]) -> dict[str, Any]:
    """Return the values of a section's keys; what is wrong with them is noted."""
    values: dict[str, Any] = {}
    for key, entry in section.entries.items() if section else ():
        if key not in keys:
            ini.refuse(
                entry.line, f"there is no setting {key}", f"settings here: {', '.join(keys)}"
            )
            continue
        try:
            values[key] = keys[key](entry.text)
        except BadValue as bad:
            for reason, remedy in bad.faults:
                ini.refuse(entry.line, f"{key}: {reason}", remedy)
            # Present though wrong: it is not told as missing too.
            values[key] = None
    return values


def _need_curve(ini: Ini, values: dict[str, Any], section: Section | None) -> None:
    if "curve" in values or values.get("mode") == "monitor":
        return
    name = section.name if section else "defaults"
    ini.refuse(
        section.line if section else 1,
        f"[{name}] has no curve",
        "give one, such as curve = 30:30 50:40 70:70 85:100, or mode = monitor",
    )


def _settings(values: dict[str, Any]) -> GpuSettings:
    return GpuSettings(values.get("curve"), **{k: v for k, v in values.items() if k != "curve"})


def _line(problem: Problem) -> int:
    return int(problem.place.rpartition(":")[2])
