"""Which packages make a host have the declared toolkits, cuDNN and NCCL: a pure function.

The versions are resolved against what apt has on that host now. What is installed and fits stays:
only ``deeprig update --toolkit`` moves it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from roles.cuda.facts import CudaPackages
from roles.cuda.packages import (
    ARCHIVE_TOOLKIT,
    NCCL_PACKAGES,
    built_for,
    compiled_series,
    compiler_package,
    cudnn_packages,
    is_part_of,
    series_of,
    toolkit_package,
)
from roles.cuda.settings import CudaSettings, major_of, numbers


class Unresolved(Exception):
    """What is declared cannot be had from the host's package sources, and what could be."""


@dataclass(slots=True)
class Resolution:
    """One apt transaction. ``moves`` are (package, from, to), "" being none."""

    install: list[str] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)
    moves: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def words(self) -> tuple[str, ...]:
        """Return the arguments of ``apt-get install``; a trailing "-" removes (apt-get(8))."""
        return (*self.install, *(f"{name}-" for name in self.remove))

    def have(self, package: str, before: str, after: str) -> None:
        """Add a package at an exact version."""
        self.install.append(f"{package}={after}")
        self.moves.append((package, before, after))

    def drop(self, toolkit: str, before: str, parts: tuple[str, ...]) -> None:
        """Add the removal of a toolkit with its parts: the metapackage alone frees nothing."""
        self.remove += parts
        self.moves.append((toolkit, before, ""))


def packages_asked_for(settings: CudaSettings) -> tuple[str, ...]:
    """Return the packages of the declared toolkits."""
    if settings.source == "debian":
        return (ARCHIVE_TOOLKIT,)
    return tuple(toolkit_package(series) for series in settings.series)


def resolve(settings: CudaSettings, seen: CudaPackages, *, update: bool) -> Resolution:
    """Return what is to be installed and removed. Raise Unresolved where apt does not have it."""
    if seen.problem:
        raise Unresolved(f"apt cannot read its sources:\n{seen.problem}")
    found = Resolution()
    for package in packages_asked_for(settings):
        _toolkit(found, settings, seen, package, update)
    if settings.wants_cudnn:
        _cudnn(found, settings, seen, update)
    if settings.wants_nccl:
        _nccl(found, settings, seen, update)
    if settings.remove_others and settings.source == "nvidia":
        for series in undeclared(settings, seen):
            parts = tuple(p for p in sorted(seen.installed) if is_part_of(p, series))
            toolkit = toolkit_package(series)
            version = seen.installed.get(toolkit) or seen.installed[compiler_package(series)]
            found.drop(toolkit, version, parts)
    return found


def undeclared(settings: CudaSettings, seen: CudaPackages) -> tuple[str, ...]:
    """Return the series of NVIDIA's toolkits that are installed and not declared, oldest first."""
    there = {s for p in seen.installed if (s := series_of(p) or compiled_series(p))}
    return tuple(sorted(there - set(settings.series), key=numbers))


def _toolkit(
    found: Resolution, settings: CudaSettings, seen: CudaPackages, package: str, update: bool
) -> None:
    before, candidate = seen.installed.get(package, ""), seen.offer(package).candidate
    if before and not (update and candidate):
        _check_archive(settings, before)
        return
    if candidate is None:
        raise Unresolved(_no_toolkit(settings, seen, package))
    _check_archive(settings, candidate)
    if candidate != before:
        found.have(package, before, candidate)


def _check_archive(settings: CudaSettings, version: str) -> None:
    """Compare Debian's one toolkit with the declared: 11.8.89~11.8.0-5~deb12u1 is 11.8."""
    if settings.source != "debian" or not settings.toolkits:
        return
    has = ".".join(version.split("."))[: len(settings.toolkits[0]) + 1]
    if has != f"{settings.toolkits[0]}.":
        raise Unresolved(
            f"the archive has CUDA {version}, declared {settings.toolkits[0]}: "
            "leave toolkits out, or set source to nvidia"
        )


def _no_toolkit(settings: CudaSettings, seen: CudaPackages, package: str) -> str:
    if settings.source == "debian":
        return (
            f"apt has no {package}: it is in Debian's non-free; "
            "declare base.apt.components, or set source to nvidia"
        )
    has = sorted((s for p in seen.toolkits if (s := series_of(p))), key=numbers)
    return (
        f"NVIDIA's repository for this host has no {package}; "
        f"it has the toolkits {', '.join(has) or '(none: is the repository reachable?)'}"
    )


def _cudnn(found: Resolution, settings: CudaSettings, seen: CudaPackages, update: bool) -> None:
    major = major_of(settings.default_series)
    library, development = cudnn_packages(major)
    offer, before = seen.offer(library), seen.installed.get(library, "")
    wanted = settings.cudnn_version
    matching = tuple(v for v in offer.installable if _is_version(v, wanted))
    if not matching and not (before and _is_version(before, wanted)):
        raise Unresolved(
            f"apt has no {library}{f' {wanted}' if wanted else ''}; "
            f"it has {_some(offer.installable)}: set cudnn_version to one of them, or cudnn to "
            "False"
        )
    version = _chosen(before, matching, wanted, update)
    _library(found, settings, seen, (library, development), version, matching)


def _nccl(found: Resolution, settings: CudaSettings, seen: CudaPackages, update: bool) -> None:
    library, development = NCCL_PACKAGES
    offer, before = seen.offer(library), seen.installed.get(library, "")
    series, wanted = settings.default_series, settings.nccl_version

    def fits(version: str) -> bool:
        return version == wanted if wanted else built_for(version) == series

    matching = tuple(version for version in offer.installable if fits(version))
    if not matching and not (before and fits(before)):
        major = f"{major_of(series)}."
        others = tuple(v for v in offer.installable if (built_for(v) or "").startswith(major))
        raise Unresolved(
            f"apt has no {library} {wanted or f'built for CUDA {series}'}; for CUDA "
            f"{major_of(series)} it has {_some(others)}: set nccl_version to one of them "
            "(programs of one major version run together), or nccl to False"
        )
    version = _chosen(before if before and fits(before) else "", matching, wanted, update)
    _library(found, settings, seen, (library, development), version, matching)


def _chosen(before: str, matching: tuple[str, ...], wanted: str | None, update: bool) -> str:
    """Return the installed version where it fits and nobody asks for newer, else the newest."""
    is_kept = before and (not update or not matching) and _is_version(before, wanted)
    return before if is_kept else matching[0]


def _is_version(version: str, wanted: str | None) -> bool:
    return wanted is None or version == wanted or version.rpartition("-")[0] == wanted


def _library(
    found: Resolution,
    settings: CudaSettings,
    seen: CudaPackages,
    packages: tuple[str, str],
    version: str,
    matching: tuple[str, ...],
) -> None:
    """Have the library, and headers of the same version; old headers never stay beside new."""
    library, development = packages
    wants_headers = settings.development or development in seen.installed
    if wants_headers and seen.installed.get(development) != version:
        if version not in seen.offer(development).installable:
            both = [v for v in matching if v in seen.offer(development).installable]
            if not both:
                raise Unresolved(
                    f"apt has no {development} {version}, which {library} needs: "
                    "set development to False"
                )
            version = both[0]
        found.have(development, seen.installed.get(development, ""), version)
    if seen.installed.get(library) != version:
        found.have(library, seen.installed.get(library, ""), version)


def _some(versions: tuple[str, ...]) -> str:
    shown = ", ".join(versions[:12])
    more = len(versions) - 12
    return (f"{shown} and {more} older" if more > 0 else shown) or "none"
