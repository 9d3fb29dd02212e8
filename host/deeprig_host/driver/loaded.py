"""The driver that is loaded now, by sysfs and procfs; nothing here loads a module."""

from __future__ import annotations

from deeprig_host.machine.commands import Machine

_OPEN_MARK = "Open Kernel Module"


def loaded_version(machine: Machine) -> str | None:
    """Return the loaded module's version, None where none is loaded."""
    return machine.text("/sys/module/nvidia/version") or None


def loaded_is_open(machine: Machine) -> bool | None:
    """Say whether the loaded module is the open one; None where nobody can tell."""
    told = machine.text("/proc/driver/nvidia/version")
    return None if told is None else _OPEN_MARK in told


def is_nouveau_loaded(machine: Machine) -> bool:
    """Say whether nouveau is loaded."""
    lines = (machine.text("/proc/modules") or "").splitlines()
    listed = any(line.split(" ", 1)[0] == "nouveau" for line in lines)
    return listed or machine.path("/sys/module/nouveau").is_dir()
