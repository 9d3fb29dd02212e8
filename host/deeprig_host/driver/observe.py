"""One look at the machine: everything the controller's decision is made from, and no change."""

from __future__ import annotations

import os
import shlex
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from deeprig_host.driver import candidates, kernels, nvml, packages
from deeprig_host.driver.holders import holders
from deeprig_host.driver.journal import read_journal
from deeprig_host.driver.loaded import is_nouveau_loaded, loaded_is_open, loaded_version
from deeprig_host.driver.locks import apt_lock_holder
from deeprig_host.driver.names import CANDIDATES, PACKAGES, is_for_other_kernel, matcher
from deeprig_host.driver.pci import gpus, nvswitches
from deeprig_host.driver.secure_boot import secure_boot_state, signing_key
from deeprig_host.machine.commands import Machine

SCHEMA = "deeprig.driver.observation/1"
#: Where a driver change needs room.
_ROOM = ("/", "/boot", "/usr", "/var", "/var/cache/apt/archives", "/var/lib/deeprig")


def observe(
    machine: Machine, package_names: str = PACKAGES, candidate_names: str = CANDIDATES
) -> dict[str, Any]:
    """Return the observation as JSON values. Raise Refused when dpkg or the journal is unreadable.

    The slow questions (apt, NVML, nvidia-smi) are asked at the same time.
    """
    with ThreadPoolExecutor() as pool:
        apt = pool.submit(_apt, machine, package_names, candidate_names)
        said = pool.submit(_said, machine)
        boot = pool.submit(_secure_boot, machine)
        found = _system(machine) | apt.result() | said.result() | boot.result()
    transaction = read_journal(machine)
    found["transaction"] = transaction.summary() if transaction else None
    return found


def os_release(machine: Machine) -> dict[str, str]:
    """Return the fields of os-release(5)."""
    text = machine.text("/etc/os-release") or machine.text("/usr/lib/os-release") or ""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {name: "".join(shlex.split(value)) for name, _, value in pairs if name.isidentifier()}


def simulation(machine: Machine) -> str | None:
    """Return what is simulated here, in one line; None on a real machine."""
    text = machine.text("/etc/deeprig-sim/simulated")
    return None if text is None else (text.splitlines() or [""])[0]


def free_bytes(machine: Machine) -> dict[str, int]:
    """Return what root may still write at each place that a change needs (statvfs(3))."""
    found = {}
    for place in _ROOM:
        try:
            figures = os.statvfs(machine.path(place))
        except (FileNotFoundError, NotADirectoryError):
            continue
        found[place] = figures.f_bavail * figures.f_frsize
    return found


def _system(machine: Machine) -> dict[str, Any]:
    release = os_release(machine)
    return {
        "schema": SCHEMA,
        "distribution": release.get("ID", ""),
        "release": release.get("VERSION_ID", ""),
        "running_kernel": kernels.running_release(machine),
        "next_kernel": kernels.next_release(machine),
        "boot_id": machine.text("/proc/sys/kernel/random/boot_id") or "",
        "kernels": kernels.observe_kernels(machine),
        "gpus": gpus(machine),
        "nvswitches": nvswitches(machine),
        "loaded_version": loaded_version(machine),
        "loaded_is_open": loaded_is_open(machine),
        "is_nouveau_loaded": is_nouveau_loaded(machine),
        "holders": holders(machine),
        "apt_lock_holder": apt_lock_holder(machine),
        "free_bytes": free_bytes(machine),
        "simulated": simulation(machine),
    }


def _apt(machine: Machine, package_names: str, candidate_names: str) -> dict[str, Any]:
    names = matcher(candidate_names)
    with ThreadPoolExecutor() as pool:
        files = pool.submit(candidates.read_publishers, machine)
        depends = pool.submit(candidates.read_depends, machine, names)
        offerable = pool.submit(candidates.known_names, machine, names)
        known = packages.read_packages(machine)
        ours = packages.matching(known, matcher(package_names))
        releases = kernels.installed_releases(machine)
        offered = [name for name in offerable.result() if not is_for_other_kernel(name, releases)]
        asked = tuple(sorted({*offered, *(package.name for package in ours)}))
        offers = candidates.read_offers(machine, asked, files.result())
    labels = {(o.name, o.version): o.publishers[0].label for o in offers if o.publishers}
    wanted = tuple(offer for offer in offers if offer.name in frozenset(offered))
    return {
        "architecture": packages.native_architecture(machine),
        "packages": [_package(p, labels.get((p.name, p.version), "")) for p in ours],
        "candidates": candidates.observe_candidates(wanted, depends.result()),
        "is_dpkg_interrupted": packages.is_dpkg_interrupted(machine, known),
    }


def _package(package: packages.Installed, origin: str) -> dict[str, Any]:
    return {
        "name": package.name,
        "architecture": package.architecture,
        "version": package.version,
        "status": package.status,
        "is_held": package.is_held,
        "origin": origin,
    }


def _said(machine: Machine) -> dict[str, Any]:
    """Ask NVIDIA's libraries only where a module is loaded: asking may load one otherwise."""
    if loaded_version(machine) is None:
        nothing = nvml.Said()
        library, program = nothing, nothing
    else:
        library, program = nvml.ask_nvml(machine), nvml.ask_smi(machine)
    return {
        "nvml_version": library.version,
        "nvml_error": library.error,
        "smi_version": program.version,
        "smi_error": program.error,
    }


def _secure_boot(machine: Machine) -> dict[str, Any]:
    return {"secure_boot": secure_boot_state(machine), "signing_key": signing_key(machine)}
