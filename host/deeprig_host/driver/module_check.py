"""Does each kernel have its NVIDIA module: the right version, signed where it must be."""

from __future__ import annotations

from pathlib import Path

from deeprig_host.driver.kernels import modules_of
from deeprig_host.driver.progress import Progress
from deeprig_host.machine.commands import Machine

_BUILD_SECONDS = 3600
_LOG_LINES = 20


def lacking_modules(
    machine: Machine, kernels: tuple[str, ...], version: str, *, signed: bool
) -> tuple[str, ...]:
    """Return what is wrong, one line for each kernel without a module as wanted."""
    found = modules_of(machine, kernels)
    problems = []
    for kernel in kernels:
        module = found.get(kernel)
        if module is None:
            problems.append(f"kernel {kernel} has no nvidia module")
        elif module["version"] != version:
            has = module["version"] or "of no version"
            problems.append(f"kernel {kernel} has nvidia module {has}, wanted {version}")
        elif signed and not module["signer"]:
            problems.append(f"kernel {kernel}: its nvidia module is not signed")
    return tuple(problems)


def build_lacking(
    machine: Machine, kernels: tuple[str, ...], version: str, progress: Progress
) -> None:
    """Have DKMS build for the kernels that lack the module; packages build for few of them."""
    for kernel in kernels:
        if lacking_modules(machine, (kernel,), version, signed=False):
            autoinstall(machine, kernel, progress)


def autoinstall(machine: Machine, kernel: str, progress: Progress) -> bool:
    """Run ``dkms autoinstall`` for a kernel; say whether DKMS is there and succeeded."""
    done = machine.run("dkms", "autoinstall", "-k", kernel, seconds=_BUILD_SECONDS)
    if done.is_missing:
        return False
    progress.say(f"DKMS built for kernel {kernel}: {'done' if done.is_good else 'failed'}")
    progress.keep(done)
    return done.is_good


def refresh_initramfs(machine: Machine, kernels: tuple[str, ...], progress: Progress) -> str | None:
    """Write the initramfs of each kernel anew; return what went wrong, None when nothing did."""
    for kernel in kernels:
        done = progress.keep(machine.run("update-initramfs", "-u", "-k", kernel, seconds=900))
        if done.is_missing:
            return None  # no initramfs-tools: nothing of ours is in an initramfs
        if not done.is_good:
            return f"update-initramfs for {kernel}: {' '.join(done.tail(3))}"
    return None


def build_log_tail(machine: Machine, version: str) -> tuple[str, ...]:
    """Return the end of DKMS's make.log for a driver version, none where nothing was built."""
    pattern = f"nvidia*/{version}/build/make.log" if version else "nvidia*/*/build/make.log"
    logs = sorted(machine.path("/var/lib/dkms").glob(pattern), key=_written)
    if not logs:
        return ()
    lines = logs[-1].read_text(encoding="utf-8", errors="replace").splitlines()
    return (f"the end of {logs[-1]}:", *lines[-_LOG_LINES:])


def _written(path: Path) -> float:
    return path.stat().st_mtime
