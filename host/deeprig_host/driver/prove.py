"""Show that the installed driver works: every source says the same version, and a kernel runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from deeprig_host.driver import nvml
from deeprig_host.driver.checks import Check, compare, failed, passed
from deeprig_host.driver.environment_proof import prove_environment, prove_machine
from deeprig_host.driver.loaded import is_nouveau_loaded, loaded_version
from deeprig_host.driver.names import PACKAGES, matcher
from deeprig_host.driver.observe import simulation
from deeprig_host.driver.packages import matching, read_packages
from deeprig_host.driver.pci import gpus
from deeprig_host.driver.record import driver_version
from deeprig_host.machine.commands import Machine

_NVRM = re.compile(r"Kernel Module.*?\s(\d+\.\d+(?:\.\d+)*)\s")


def prove(
    machine: Machine, expected: str | None, environments: Mapping[str, str]
) -> dict[str, Any]:
    """Return every check. ``outcome`` is good only where all that apply passed."""
    installed = driver_version(matching(read_packages(machine), matcher(PACKAGES)))
    wanted = expected or installed
    checks = [_installed(wanted, installed), *_loaded(machine, wanted)]
    checks += _libraries(machine, wanted)
    checks.append(_without_nouveau(machine))
    checks.append(prove_machine(machine))
    checks += [prove_environment(machine, name, path) for name, path in environments.items()]
    bad = [check for check in checks if check.outcome not in ("pass", "not-applicable")]
    return {
        "outcome": "failed" if bad else "good",
        "version": wanted,
        "reason": f"driver {wanted or '(none)'} is not proven" if bad else "",
        "evidence": [_line(check) for check in bad],
        "remedy": "",
        "checks": [asdict(check) for check in checks],
        "simulated": simulation(machine),
    }


def _installed(wanted: str, installed: str) -> Check:
    if not wanted:
        return failed("driver package", "an installed driver", "none", "no driver is installed")
    return compare("driver package", wanted, installed or None, "no driver is installed")


def _loaded(machine: Machine, wanted: str) -> list[Check]:
    told = machine.text("/proc/driver/nvidia/version")
    found = _NVRM.search((told or "") + " ")
    running = found[1] if found else None
    why = "there is no /proc/driver/nvidia/version" if told is None else told.splitlines()[0]
    return [
        compare("loaded module", wanted, loaded_version(machine), "no nvidia module is loaded"),
        compare("module's own version", wanted, running, why),
    ]


def _libraries(machine: Machine, wanted: str) -> list[Check]:
    on_bus = len(gpus(machine))
    library, program = nvml.ask_nvml(machine), nvml.ask_smi(machine)
    counts = [
        _count("NVML's number of GPUs", on_bus, library),
        _count("nvidia-smi's number of GPUs", on_bus, program),
    ]
    return [
        compare("NVML", wanted, library.version, library.error),
        compare("nvidia-smi", wanted, program.version, program.error),
        *counts,
    ]


def _count(name: str, on_bus: int, said: nvml.Said) -> Check:
    if on_bus == 0:
        return failed(name, "one GPU or more", "0 on the PCI bus", "no NVIDIA GPU is on the bus")
    actual = None if said.count is None else str(said.count)
    return compare(name, str(on_bus), actual, said.error)


def _without_nouveau(machine: Machine) -> Check:
    if is_nouveau_loaded(machine):
        return failed("nouveau", "not loaded", "loaded", "/sys/module/nouveau is there")
    return passed("nouveau", "not loaded", "not loaded")


def _line(check: Check) -> str:
    told = check.evidence or f"{check.actual}, expected {check.expected}"
    return f"{check.name}: {check.outcome}: {told}"
