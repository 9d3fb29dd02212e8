"""What of an installed driver is not as declared."""

from __future__ import annotations

from roles.nvidia_driver.fabric import has_nvswitch, is_fabric_complete
from roles.nvidia_driver.installed import core_packages, driver_packages, has_roots
from roles.nvidia_driver.kernel_modules import must_have_module
from roles.nvidia_driver.leftovers import in_the_way
from roles.nvidia_driver.observation import Kernel, Observation
from roles.nvidia_driver.secure_boot import must_be_signed
from roles.nvidia_driver.settings import NvidiaDriverSettings
from roles.nvidia_driver.target import Target, installed_fits_source


def faults_of(settings: NvidiaDriverSettings, seen: Observation, target: Target) -> tuple[str, ...]:
    """Return what of the installed driver is not as declared, () where all of it is."""
    installed = target.installed
    if installed is None:
        return ("no driver is installed",)
    if not target.stays_in_branch or settings.version not in (None, installed):
        wanted = settings.version or f"branch {target.branch}"
        return (f"driver {installed} is installed, wanted is {wanted}",)
    found: list[str] = []
    if not installed_fits_source(seen, target.source):
        found.append(f"driver {installed} is not from the declared source")
    if not has_roots(seen, target.naming, installed):
        found.append(f"{' and '.join(target.naming.roots)} is not completely installed")
    foreign = in_the_way(seen, target.naming, installed)
    if foreign:
        found.append(f"in the way of driver {installed}: {', '.join(sorted(foreign))}")
    half = [p.name for p in driver_packages(seen) if not p.is_installed]
    if half:
        found.append(f"half installed: {', '.join(sorted(half))}")
    found += [f for k in must_have_module(seen) if (f := _module_fault(settings, seen, target, k))]
    if has_nvswitch(seen, settings.nvswitch) and not is_fabric_complete(seen, installed):
        found.append(f"the fabric manager is not of exactly {installed}")
    found += _hold_faults(settings, seen, target)
    return tuple(found)


def _module_fault(
    settings: NvidiaDriverSettings, seen: Observation, target: Target, kernel: Kernel
) -> str | None:
    module, where = kernel.module, f"kernel {kernel.release}, which boots next,"
    if module is None:
        return f"{where} has no module"
    if module.version != target.installed:
        return f"{where} has the module of driver {module.version}"
    if module.is_open != (target.naming.variant == "open"):
        return f"{where} has not the {target.naming.variant} module"
    if must_be_signed(seen, settings.secure_boot) and module.signer is None:
        return f"{where} has an unsigned module, and Secure Boot is on"
    return None


def _hold_faults(
    settings: NvidiaDriverSettings, seen: Observation, target: Target
) -> tuple[str, ...]:
    core = core_packages(seen, target.naming)
    loose = sorted(p.name for p in core if not p.is_held)
    if settings.hold and loose:
        return (f"not held: {', '.join(loose)}",)
    if not settings.hold and core and not loose:
        return ("held, although hold is off",)
    return ()
