"""The next-kernel gate: a kernel without an NVIDIA module does not become the default."""

from __future__ import annotations

from typing import Any

from deeprig_host.driver import grub_default, module_check
from deeprig_host.driver.debian_versions import DebianVersion
from deeprig_host.driver.exclusive import exclusive
from deeprig_host.driver.kernels import has_headers, installed_releases, running_release
from deeprig_host.driver.names import PACKAGES, matcher
from deeprig_host.driver.observe import simulation
from deeprig_host.driver.packages import matching, read_packages
from deeprig_host.driver.progress import Progress
from deeprig_host.driver.record import driver_version
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

MOTD = "/etc/motd.d/60-deeprig-kernel-gate"
#: A driver change builds modules for many minutes; the gate looks after it.
_WAIT_SECONDS = 3600.0


def gate(machine: Machine, *, only_check: bool) -> dict[str, Any]:
    """Return the answer. Raise Refused where a kernel without a module will boot next."""
    if only_check:
        return _look(machine) | {"simulated": simulation(machine)}
    with exclusive(machine, _WAIT_SECONDS):
        _build(machine, _version(machine))
        return _decide(machine) | {"simulated": simulation(machine)}


def kernels_without_module(machine: Machine, version: str) -> tuple[str, ...]:
    """Return the kernels from the running one on that lack a module, oldest first."""
    running = DebianVersion(running_release(machine))
    later = [k for k in installed_releases(machine) if DebianVersion(k) >= running]
    upcoming = grub_default.next_without_gate(machine)
    wanted = (*(() if upcoming in later else (upcoming,)), *later)
    return tuple(k for k in wanted if _lacks(machine, k, version))


def _look(machine: Machine) -> dict[str, Any]:
    """Judge the kernel that boots next, and change nothing."""
    version = _version(machine)
    upcoming = grub_default.next_with_gate(machine)
    if not version:
        return {"outcome": "unknown", "reason": "no NVIDIA driver is installed", "evidence": []}
    if _lacks(machine, upcoming, version):
        raise _refusal(machine, upcoming, version, "run `deeprig apply` for this host")
    return _good(machine, version)


def _good(machine: Machine, version: str) -> dict[str, Any]:
    lacking = kernels_without_module(machine, version)
    upcoming = grub_default.next_with_gate(machine)
    held = [f"kernel {k} has no nvidia module {version} and does not boot" for k in lacking]
    return {
        "outcome": "good",
        "reason": f"kernel {upcoming} boots next and has nvidia module {version}",
        "evidence": held,
        "next_kernel": upcoming,
        "without_module": list(lacking),
        "is_gated": grub_default.is_set(machine),
    }


def _decide(machine: Machine) -> dict[str, Any]:
    version = _version(machine)
    upcoming = grub_default.next_without_gate(machine)
    if not version or not _lacks(machine, upcoming, version):
        _open_gate(machine)
        if version:
            return _good(machine, version)
        return {"outcome": "good", "reason": "no NVIDIA driver is installed", "evidence": []}
    ready = [k for k in installed_releases(machine) if not _lacks(machine, k, version)]
    if not ready:
        raise _refusal(machine, upcoming, version, "no installed kernel has a module: reinstall it")
    grub_default.set_default(machine, ready[-1])
    _tell(machine, upcoming, ready[-1], version)
    return _good(machine, version)


def _build(machine: Machine, version: str) -> None:
    """Let DKMS build, once, for each kernel that lacks a module and has headers."""
    if not version:
        return
    for kernel in kernels_without_module(machine, version):
        if has_headers(machine, kernel):
            module_check.autoinstall(machine, kernel, Progress())


def _open_gate(machine: Machine) -> None:
    """Undo the gate where it was closed."""
    if grub_default.unset_default(machine):
        Progress().say("the newest kernel has its nvidia module: it is the default again")
    machine.path(MOTD).unlink(missing_ok=True)


def _tell(machine: Machine, lacking: str, ready: str, version: str) -> None:
    text = (
        f"Kernel {lacking} has no NVIDIA module {version}: it does not boot by default.\n"
        f"Kernel {ready} stays the default. `deeprig update` for this host may bring the module.\n"
    )
    motd = machine.path(MOTD)
    motd.parent.mkdir(parents=True, exist_ok=True)
    motd.write_text(text, encoding="utf-8")
    Progress().say(text.strip())
    machine.run("logger", "-t", "deeprig-kernel-gate", "-p", "user.warning", text.strip())


def _refusal(machine: Machine, kernel: str, version: str, remedy: str) -> Refused:
    headers = "has headers" if has_headers(machine, kernel) else "has no headers to build with"
    problems = module_check.lacking_modules(machine, (kernel,), version, signed=False)
    log = module_check.build_log_tail(machine, version)
    return Refused(
        f"kernel {kernel} boots next and has no nvidia module {version}",
        evidence=(*problems, f"kernel {kernel} {headers}", *log),
        remedy=remedy,
        outcome="failed",
    )


def _lacks(machine: Machine, kernel: str, version: str) -> bool:
    return bool(module_check.lacking_modules(machine, (kernel,), version, signed=False))


def _version(machine: Machine) -> str:
    return driver_version(matching(read_packages(machine), matcher(PACKAGES)))
