"""Whether the NVIDIA module that is loaded fits the library that is installed."""

from __future__ import annotations

import re
from pathlib import Path

from deeprig_host.driver.loaded import loaded_version
from deeprig_host.machine.commands import Machine
from deeprig_host.metrics import names
from deeprig_host.metrics.samples import Samples

#: Where Debian, Ubuntu and NVIDIA's own installer put it, the first one found counts.
_LIBRARIES = (
    "/usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-ml.so.1",
    "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1",
    "/usr/lib/aarch64-linux-gnu/libnvidia-ml.so.1",
    "/usr/lib64/libnvidia-ml.so.1",
    "/usr/lib/libnvidia-ml.so.1",
)
_VERSION = re.compile(r"libnvidia-ml\.so\.(\d+(?:\.\d+)+)")


def read(machine: Machine, samples: Samples) -> None:
    """Add both versions, and whether they differ where both are known."""
    loaded, installed = loaded_version(machine), _installed(machine)
    if loaded is None and installed is None:
        return
    samples.add(names.DRIVER_INFO, 1, loaded or "", installed or "")
    if loaded is not None and installed is not None:
        samples.add(names.DRIVER_MISMATCH, loaded != installed)


def _installed(machine: Machine) -> str | None:
    """Return the version in the name of the file that the library's link leads to."""
    for path in _LIBRARIES:
        target = _end_of_links(machine, path)
        match = _VERSION.fullmatch(target.name)
        if match and target.is_file():
            return match[1]
    return None


def _end_of_links(machine: Machine, path: str) -> Path:
    """Follow links below the machine's root (Debian leads through /etc/alternatives)."""
    for _ in range(8):
        target = machine.follow(path)
        if target == machine.path(path):
            break
        path = "/" + str(target.relative_to(machine.root))
    return machine.path(path)
