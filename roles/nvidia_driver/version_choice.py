"""Which versions of the wanted branch can be had, the best first; or why there is none."""

from __future__ import annotations

from roles.nvidia_driver.naming import Naming, is_driver_package
from roles.nvidia_driver.observation import Candidate, Observation
from roles.nvidia_driver.offers import SOURCE_NAMES, Offers, branches_offered, dependencies
from roles.nvidia_driver.refusal import refuse
from roles.nvidia_driver.settings import NvidiaDriverSettings, Source
from roles.nvidia_driver.target import Target
from roles.nvidia_driver.versions import branch_of, is_at_least


def versions_to_try(
    settings: NvidiaDriverSettings,
    seen: Observation,
    target: Target,
    offers: Offers,
    *,
    update: bool,
    is_faulty: bool,
) -> tuple[str, ...]:
    """Return the versions of the wanted branch that are offered as a whole, the best first.

    Without an update the installed version comes first: apply repairs, it does not move. An older
    one is for a driver that is not as declared alone: another source or flavour may lag behind.
    Refuse where there is none.
    """
    offered = [
        version
        for version in offers.complete_versions(target.naming.roots)
        if branch_of(version) == target.branch and not _is_transitional(offers, target, version)
    ]
    if settings.version is not None:
        offered = [version for version in offered if version == settings.version]
    elif target.stays_in_branch and target.installed is not None:
        newer = [v for v in offered if is_at_least(v, target.installed)]
        offered = newer or (offered if is_faulty else [])
        if not update:
            offered.sort(key=lambda version: version != target.installed)
    if not offered:
        raise _nothing_offered(settings, seen, target, offers)
    return tuple(offered)


def _is_transitional(offers: Offers, target: Target, version: str) -> bool:
    """Say whether a root only leads to the other kind of modules (nvidia-driver-615 -> -open)."""
    for name in target.naming.roots:
        candidate = offers.at(name, version)
        if candidate is None:
            return True
        needed = dependencies(candidate.depends)
        if len(needed) == 1 and needed[0] == (f"{name}-open",):
            return True
    return False


def _nothing_offered(
    settings: NvidiaDriverSettings, seen: Observation, target: Target, offers: Offers
) -> Exception:
    source = SOURCE_NAMES[offers.source]
    wanted = settings.version or f"of branch {target.branch}"
    what = " and ".join(target.naming.roots)
    if not any(is_driver_package(c.name) for c in offers.candidates):
        return refuse(
            "source-missing",
            f"{source} is not among the package sources of this host, or apt has not read it",
            (f"wanted: {what}, driver {wanted}", _origins(seen)),
            _HOW_TO_GET[offers.source],
        )
    evidence = [f"{c.name} is {c.version}{_leads_to(c)}" for c in _by_name(offers, target)]
    evidence += [f"offered: {line}" for line in alternatives(target.naming, offers)]
    return refuse(
        "no-candidate",
        f"{source} has no driver {wanted} ({what})",
        tuple(evidence) or ("no driver of this kind is offered",),
        "Set branch or version to one that is offered, choose another source, "
        "or run 'apt-get update' on the host.",
    )


_HOW_TO_GET: dict[Source, str] = {
    "ubuntu": "Add the archive's component restricted, and run 'apt-get update'.",
    "debian": "Add the archive's components contrib, non-free and non-free-firmware, and run "
    "'apt-get update'.",
    "nvidia": "Add NVIDIA's repository for this release (deeprig apply does), and run "
    "'apt-get update'.",
}


def alternatives(naming: Naming, offers: Offers) -> tuple[str, ...]:
    """Return the newest version of every branch that a source has under a naming's roots."""
    return branches_offered(offers, naming.pattern)


def _by_name(offers: Offers, target: Target) -> tuple[Candidate, ...]:
    """Return what stands behind the very names that were wanted, whatever its version."""
    return tuple(c for name in target.naming.roots for c in offers.named(name)[:1])


def _leads_to(candidate: Candidate) -> str:
    needed = dependencies(candidate.depends)
    return f" and only leads to {needed[0][0]}" if len(needed) == 1 else ""


def _origins(seen: Observation) -> str:
    origins = {c.label or c.origin for c in seen.candidates} - {""}
    return f"apt knows packages of: {', '.join(sorted(origins)) or 'nobody'}"
