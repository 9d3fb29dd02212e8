"""From a version to the whole order: every package, every removal, holds, files and kernels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from roles.nvidia_driver.change import DriverChange, PackageVersion
from roles.nvidia_driver.dkms import dkms_modules
from roles.nvidia_driver.fabric import SERVICE, fabric_packages, has_nvswitch
from roles.nvidia_driver.files import managed_files
from roles.nvidia_driver.installed import is_prebuilt, variant_of
from roles.nvidia_driver.kernel_modules import ModulePlan, prebuilt_modules
from roles.nvidia_driver.leftovers import leftovers
from roles.nvidia_driver.naming import DAEMONS, FAMILY, Naming, is_driver_package
from roles.nvidia_driver.observation import Candidate, Observation
from roles.nvidia_driver.offers import Offers
from roles.nvidia_driver.secure_boot import check_dkms_signature, must_be_signed
from roles.nvidia_driver.settings import NvidiaDriverSettings
from roles.nvidia_driver.target import Target

PERSISTENCED = "nvidia-persistenced.service"
#: Of the roles cooling and monitoring: they have NVML open.
_WATCHERS = ("deeprig-cooling.service", "deeprig-metrics.service")
#: DKMS packages of every packaging.
_DKMS = ("nvidia-dkms", "nvidia-kernel-dkms", "nvidia-kernel-open-dkms", "nvidia-open-kernel-dkms")


@dataclass(frozen=True, slots=True)
class Assembled:
    """An order, and what to tell about it."""

    order: DriverChange
    is_prebuilt: bool
    reasons: tuple[str, ...]


def assemble(
    settings: NvidiaDriverSettings, seen: Observation, target: Target, offers: Offers, version: str
) -> Assembled:
    """Return the order for a driver version. Refuse where something of it cannot be had."""
    naming = target.naming
    modules = prebuilt_modules(seen, offers, naming, version)
    if modules is None:
        check_dkms_signature(seen, settings.secure_boot)
        modules = dkms_modules(seen, offers, naming, version)
    found = _complete_set(seen, offers, naming, version, modules)
    if has_nvswitch(seen, settings.nvswitch):
        found |= {c.name: c for c in fabric_packages(seen, offers, version)}
    unwanted = (naming.module,) if modules.is_prebuilt else ()
    rest = leftovers(seen, offers, naming, version, frozenset(found), unwanted)
    install = tuple(PackageVersion(c.name, c.version) for c in found.values())
    order = DriverChange(
        version=version,
        install=tuple(sorted((*install, *rest.moved), key=lambda p: p.name)),
        remove=tuple(sorted(rest.removed)),
        hold=held_names(settings, (p.name for p in (*install, *rest.moved))),
        family=FAMILY,
        files=managed_files(settings, offers.source, version),
        kernels=modules.kernels,
        must_be_signed=must_be_signed(seen, settings.secure_boot),
        services=services(settings, seen),
    )
    return Assembled(order, modules.is_prebuilt, (modules.reason, *modules.notes))


def held_names(settings: NvidiaDriverSettings, names: Iterable[str]) -> tuple[str, ...]:
    """Return the names to hold: the driver's.

    Not those of prebuilt modules: a new kernel's come with it, and depend on the held driver's
    exact version.
    """
    if not settings.hold:
        return ()
    return tuple(sorted(n for n in names if is_driver_package(n) and not is_prebuilt(n)))


def services(settings: NvidiaDriverSettings, seen: Observation) -> tuple[str, ...]:
    """Return the services that stand on the driver on this host: they stop while it is exchanged.

    Those of the roles cooling and monitoring too; the host leaves alone what does not run there.
    """
    fabric = (SERVICE,) if has_nvswitch(seen, settings.nvswitch) else ()
    persistence = (PERSISTENCED,) if settings.persistence else ()
    return (*persistence, *fabric, *_WATCHERS)


def _complete_set(
    seen: Observation, offers: Offers, naming: Naming, version: str, modules: ModulePlan
) -> dict[str, Candidate]:
    roots = naming.prebuilt_roots if modules.is_prebuilt else naming.roots
    chosen = [c for name in roots if (c := offers.at(name, version))]
    chosen += modules.packages
    chosen += [c for name in naming.also if (c := offers.at(name, version))]
    chosen += [c for name in DAEMONS if (c := offers.nearest(name, version))]

    def is_excluded(name: str) -> bool:
        if modules.is_prebuilt and name.startswith(_DKMS):
            return True
        variant = variant_of(name, seen.distribution)
        return variant is not None and variant != naming.variant

    return offers.with_dependencies(chosen, version, is_excluded)
