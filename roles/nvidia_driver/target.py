"""Which driver is wanted: source, branch, kind of modules and names, before any version."""

from __future__ import annotations

from dataclasses import dataclass

from roles.nvidia_driver.branches import RECOMMENDED, end_of_life_note
from roles.nvidia_driver.gpus import Variant
from roles.nvidia_driver.hardware import Hardware, check_branch, variant_for
from roles.nvidia_driver.installed import installed_source, installed_version
from roles.nvidia_driver.naming import NAMINGS, Naming, naming_for
from roles.nvidia_driver.observation import Observation
from roles.nvidia_driver.offers import SOURCE_NAMES, Offers
from roles.nvidia_driver.refusal import refuse
from roles.nvidia_driver.settings import Flavour, NvidiaDriverSettings, Source
from roles.nvidia_driver.versions import branch_of

#: Where the driver comes from when nobody says and none is installed.
DEFAULT_SOURCES: dict[str, Source] = {"ubuntu": "ubuntu", "debian": "nvidia"}


@dataclass(frozen=True, slots=True)
class Target:
    """The wanted driver but for its version. ``installed`` is the present version, or None."""

    source: Source
    branch: int
    naming: Naming
    installed: str | None
    reasons: tuple[str, ...]

    @property
    def stays_in_branch(self) -> bool:
        """Say whether the installed driver is of the wanted branch."""
        return self.installed is not None and branch_of(self.installed) == self.branch


def target_of(settings: NvidiaDriverSettings, seen: Observation, hardware: Hardware) -> Target:
    """Return the wanted driver. Refuse what the GPUs or the source forbid."""
    installed = installed_version(seen)
    source, source_reason = choose_source(settings, seen)
    offers = Offers.of(source, seen.candidates)
    branch, branch_reason = _choose_branch(settings, installed, hardware, offers)
    check_branch(hardware, branch)
    variant, variant_reason = variant_for(hardware, settings.variant, branch)
    naming = _naming(source, seen.distribution, settings.flavour, variant, branch)
    notes = (end_of_life_note(branch),)
    reasons = (source_reason, branch_reason, variant_reason, *(n for n in notes if n))
    return Target(source, branch, naming, installed, (*reasons, *hardware.notes()))


def choose_source(settings: NvidiaDriverSettings, seen: Observation) -> tuple[Source, str]:
    """Return where the driver comes from, and why."""
    if settings.source is not None:
        return settings.source, f"from {SOURCE_NAMES[settings.source]}, as declared"
    present = installed_source(seen)
    if present is not None:
        return present, f"from {SOURCE_NAMES[present]}, as the installed driver"
    source = DEFAULT_SOURCES.get(seen.distribution, "nvidia")
    return source, f"from {SOURCE_NAMES[source]}, the default on {seen.distribution}"


def _choose_branch(
    settings: NvidiaDriverSettings, installed: str | None, hardware: Hardware, offers: Offers
) -> tuple[int, str]:
    if settings.version is not None:
        return branch_of(settings.version), f"version {settings.version}, as declared"
    if settings.wanted_branch is not None:
        return settings.wanted_branch, f"branch {settings.wanted_branch}, as declared"
    if offers.source == "debian":
        # A Debian release has one driver branch at a time, and moves it itself.
        versions = offers.versions("nvidia-driver")
        if versions and (installed is None or branch_of(installed) < branch_of(versions[0])):
            return branch_of(versions[0]), f"branch {branch_of(versions[0])}, Debian's own"
    if installed is not None:
        return branch_of(installed), f"branch {branch_of(installed)}, as installed"
    last = hardware.last_branch
    if last is not None and last < RECOMMENDED:
        return last, f"branch {last}, the last for these GPUs"
    branch = max(RECOMMENDED, hardware.first_branch)
    return branch, f"branch {branch}, recommended: it is supported the longest"


def _naming(
    source: Source, distribution: str, flavour: Flavour, variant: Variant, branch: int
) -> Naming:
    naming = naming_for(source, distribution, flavour, variant, branch)
    if naming is not None:
        return naming
    possible = tuple(
        f"source {row.source}, flavour {row.flavour}, variant {row.variant}, "
        f"branch {row.first_branch} or higher"
        for row in NAMINGS
        if row.distribution == distribution and (row.source == source or row.variant == variant)
    )
    raise refuse(
        "no-such-packages",
        f"{SOURCE_NAMES[source]} has no {flavour} {variant} driver of branch {branch} "
        f"for {distribution}",
        possible,
        "Set source, flavour, variant or branch to one of these.",
    )


def installed_fits_source(seen: Observation, source: Source) -> bool:
    """Say whether the installed driver is from a source, as far as anybody can tell."""
    return installed_source(seen) in (source, None)
