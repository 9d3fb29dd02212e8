"""Which driver a host gets: a pure function of its settings, one observation and the tables."""

from __future__ import annotations

from dataclasses import dataclass

from roles.nvidia_driver.assemble import Assembled, assemble, held_names, services
from roles.nvidia_driver.change import DriverChange
from roles.nvidia_driver.faults import faults_of
from roles.nvidia_driver.files import managed_files
from roles.nvidia_driver.hardware import hardware_of
from roles.nvidia_driver.installed import driver_packages
from roles.nvidia_driver.kernel_modules import must_have_module
from roles.nvidia_driver.leftovers import full_name
from roles.nvidia_driver.naming import FAMILY
from roles.nvidia_driver.observation import Observation
from roles.nvidia_driver.offers import Offers
from roles.nvidia_driver.preconditions import busy_notes, check_holds, check_host
from roles.nvidia_driver.refusal import Refusal, Refused
from roles.nvidia_driver.secure_boot import must_be_signed
from roles.nvidia_driver.settings import NvidiaDriverSettings
from roles.nvidia_driver.target import Target, target_of
from roles.nvidia_driver.version_choice import versions_to_try


@dataclass(frozen=True, slots=True)
class Change:
    """The driver must change. ``from_version`` None: there is none. ``notes`` are no reasons."""

    order: DriverChange
    from_version: str | None
    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoChange:
    """The driver's packages and modules are as declared.

    ``order`` has what else belongs to it, to be checked on the host: files, holds, services; None
    on a host without a GPU. ``needs_reboot`` says why another driver is loaded, None where not.
    """

    order: DriverChange | None
    reasons: tuple[str, ...]
    needs_reboot: str | None = None


Decision = Change | NoChange | Refusal


def decide(
    settings: NvidiaDriverSettings, observation: Observation, *, update: bool = False
) -> Decision:
    """Return what to do about a host's driver.

    ``apply`` has the declared state: any version of the declared branch will do. ``update`` takes
    the newest of the branch. Nothing is raised for what can be seen on a host: it is a Refusal.
    """
    if not observation.gpus:
        return NoChange(None, ("no NVIDIA GPU is on the PCI bus",))
    try:
        target = target_of(settings, observation, hardware_of(observation.gpus))
        faults = faults_of(settings, observation, target)
        if not faults and not update and target.installed is not None:
            return _no_change(settings, observation, target, target.installed)
        return _change(settings, observation, target, faults, update=update)
    except Refused as refused:
        return refused.refusal


def _change(
    settings: NvidiaDriverSettings,
    seen: Observation,
    target: Target,
    faults: tuple[str, ...],
    *,
    update: bool,
) -> Decision:
    if update and not faults and settings.version is not None and target.installed is not None:
        return _no_change(settings, seen, target, target.installed)
    offers = Offers.of(target.source, seen.candidates)
    versions = versions_to_try(
        settings, seen, target, offers, update=update, is_faulty=bool(faults)
    )
    chosen = _best(settings, seen, target, offers, versions)
    if update and not faults and target.installed == chosen.order.version:
        return _no_change(settings, seen, target, chosen.order.version)
    check_host(seen, chosen.order)
    if target.installed != chosen.order.version:
        check_holds(seen, target.naming)
    moves = () if target.installed in (None, chosen.order.version) else _move(target, chosen)
    reasons = (*faults, *moves, *target.reasons, *chosen.reasons)
    return Change(chosen.order, target.installed, reasons, busy_notes(seen))


def _move(target: Target, chosen: Assembled) -> tuple[str, ...]:
    return (f"driver {target.installed} -> {chosen.order.version}",)


def _best(
    settings: NvidiaDriverSettings,
    seen: Observation,
    target: Target,
    offers: Offers,
    versions: tuple[str, ...],
) -> Assembled:
    """Return the first version that can be had as a whole, one with prebuilt modules before others.

    Refuse with what stands in the way of the newest where none can.
    """
    first: Refused | None = None
    with_dkms: Assembled | None = None
    for version in versions:
        try:
            assembled = assemble(settings, seen, target, offers, version)
        except Refused as refused:
            first = first or refused
            continue
        if assembled.is_prebuilt or target.naming.prebuilt is None:
            return assembled
        with_dkms = with_dkms or assembled
    if with_dkms is not None:
        return with_dkms
    if first is None:
        raise ValueError("no version to try")
    raise first


def _no_change(
    settings: NvidiaDriverSettings, seen: Observation, target: Target, version: str
) -> NoChange:
    names = (full_name(p, seen) for p in driver_packages(seen))
    order = DriverChange(
        version=version,
        hold=held_names(settings, names),
        family=FAMILY,
        files=managed_files(settings, target.source, version),
        kernels=tuple(kernel.release for kernel in must_have_module(seen)),
        must_be_signed=must_be_signed(seen, settings.secure_boot),
        services=services(settings, seen),
    )
    reboot = None
    if seen.loaded_version != version:
        reboot = f"driver {version} is installed, loaded is {seen.loaded_version or 'none'}"
    elif seen.is_nouveau_loaded:
        reboot = "nouveau is loaded"
    reasons = (f"driver {version} is installed", *target.reasons)
    return NoChange(order, reasons, reboot)
