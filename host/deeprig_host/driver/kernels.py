"""The installed kernels: which runs, which boots next, and which NVIDIA module each would load."""

from __future__ import annotations

import re
from typing import Any

from deeprig_host.driver.boot_entries import next_entry_release
from deeprig_host.driver.debian_versions import DebianVersion
from deeprig_host.machine.commands import Machine

#: Debian's archive builds ``nvidia-current.ko`` (and ``nvidia-tesla-…``) behind an alias.
_MODULE = re.compile(r"^nvidia(-current(-open)?|-tesla(-\d+)?(-open)?)?\.ko(\.(zst|xz|gz))?$")
#: ``6.8.0-45-generic``, ``6.1.0-28-cloud-amd64``, ``6.12.43+deb13-amd64``: what follows the ABI.
_FLAVOUR = re.compile(r"^[^-]+(?:-\d[^-]*)?-(.+)$")
_DKMS_DIRECTORIES = ("updates/", "extra/", "weak-updates/")
_OPEN_LICENCE = "Dual MIT/GPL"


def installed_releases(machine: Machine) -> tuple[str, ...]:
    """Return the releases of ``/boot/vmlinuz-*``, oldest first, as grub-mkconfig orders them."""
    found = [file.name.removeprefix("vmlinuz-") for file in machine.path("/boot").glob("vmlinuz-*")]
    releases = [name for name in found if not name.endswith((".dpkg-tmp", ".old", ".dpkg-new"))]
    return tuple(sorted(releases, key=DebianVersion))


def running_release(machine: Machine) -> str:
    """Return what ``uname -r`` says."""
    return machine.text("/proc/sys/kernel/osrelease") or ""


def next_release(machine: Machine) -> str:
    """Return the release that boots next; the newest where no boot loader says otherwise."""
    releases = installed_releases(machine)
    chosen = next_entry_release(machine, releases)
    return chosen or (releases[-1] if releases else running_release(machine))


def flavour(release: str) -> str:
    """Return the flavour of a release (``generic``, ``cloud-amd64``); "" where it has none."""
    found = _FLAVOUR.match(release)
    return found[1] if found else ""


def has_headers(machine: Machine, release: str) -> bool:
    """Say whether modules can be built for a kernel: its build directory has a Makefile."""
    return (machine.follow(f"/lib/modules/{release}/build") / "Makefile").is_file()


def observe_kernels(machine: Machine) -> list[dict[str, Any]]:
    """Return every installed kernel as the observation has it, oldest first."""
    running, upcoming = running_release(machine), next_release(machine)
    releases = installed_releases(machine)
    modules = modules_of(machine, releases)
    return [
        {
            "release": release,
            "flavour": flavour(release),
            "has_headers": has_headers(machine, release),
            "is_running": release == running,
            "is_next": release == upcoming,
            "module": modules.get(release),
        }
        for release in releases
    ]


def modules_of(machine: Machine, releases: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Return the NVIDIA module that modprobe would find for each release that has one."""
    paths = {release: module_path(machine, release) for release in releases}
    wanted = {release: path for release, path in paths.items() if path}
    if not wanted:
        return {}
    told = _modinfo(machine, tuple(str(machine.path(path)) for path in wanted.values()))
    return {
        release: _module(path, told[str(machine.path(path))])
        for release, path in wanted.items()
        if str(machine.path(path)) in told
    }


def module_path(machine: Machine, release: str) -> str | None:
    """Return the path of a kernel's NVIDIA module by ``modules.dep`` (depmod(8)), or None."""
    base = f"/lib/modules/{release}"
    index = machine.text(f"{base}/modules.dep") or ""
    relative = [line.partition(":")[0] for line in index.splitlines()]
    names = [path for path in relative if _MODULE.match(path.rpartition("/")[2])]
    found = [path if path.startswith("/") else f"{base}/{path}" for path in names]
    existing = sorted((p for p in found if machine.path(p).is_file()), key=_preference)
    return existing[0] if existing else None


def _preference(path: str) -> tuple[int, str]:
    """Prefer ``nvidia.ko``, then the proprietary of Debian's alternatives."""
    stem = path.rpartition("/")[2].partition(".")[0]
    return (len(stem), stem)


def _modinfo(machine: Machine, paths: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Return modinfo's fields by file; a file that it cannot read is left out."""
    found: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in machine.run("modinfo", *paths).out.splitlines():
        name, _, value = line.partition(":")
        if name == "filename":
            current = found.setdefault(value.strip(), {})
        current.setdefault(name, value.strip())
    return found


def _module(path: str, fields: dict[str, str]) -> dict[str, Any]:
    inside = path.split("/", 4)[-1]
    return {
        "version": fields.get("version", ""),
        "path": path,
        "is_open": fields.get("license") == _OPEN_LICENCE,
        "signer": fields.get("signer") or None,
        "origin": "dkms" if inside.startswith(_DKMS_DIRECTORIES) else "prebuilt",
    }
