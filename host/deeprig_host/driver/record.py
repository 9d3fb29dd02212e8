"""Record what is there before a change: packages, marks, files, and a .deb for each to put back."""

from __future__ import annotations

import re
from collections import Counter

from deeprig_host.driver import deb_store
from deeprig_host.driver.apt import Step
from deeprig_host.driver.deb_store import Archive
from deeprig_host.driver.debian_versions import upstream_version
from deeprig_host.driver.journal import RecordedPackage
from deeprig_host.driver.order import Order
from deeprig_host.driver.package_marks import automatic_names, qualified
from deeprig_host.driver.packages import Installed, native_architecture
from deeprig_host.driver.progress import Progress
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

#: The packages whose version is the driver's: user space or module, in any packaging.
_CORE = re.compile(
    r"^(nvidia-(driver(?!-pinning|-assistant)|utils|dkms|kernel|headless|open|smi|compute-utils)|libnvidia-compute"
    r"|libcuda1$|libnvidia-ml1$|linux-modules-nvidia-|cuda-drivers)"
)


def record_packages(
    machine: Machine, order: Order, installed: tuple[Installed, ...], steps: tuple[Step, ...]
) -> tuple[RecordedPackage, ...]:
    """Return the family as it is installed; those that will change name their .deb."""
    touched = {(step.name) for step in steps if step.old}
    automatic = automatic_names(machine)
    native = native_architecture(machine)
    return tuple(
        RecordedPackage(
            name=package.name,
            architecture=package.architecture,
            version=package.version,
            file=archive_of(package).file if package.name in touched else "",
            is_held=package.is_held,
            is_automatic=qualified(package, native) in automatic,
        )
        for package in installed
        if package.has_files and order.is_ours(package.name)
    )


def driver_version(packages: tuple[Installed, ...]) -> str:
    """Return the driver version that the installed packages have; "" where no driver is."""
    versions = Counter(
        upstream_version(package.version)
        for package in packages
        if package.has_files and _CORE.match(package.name)
    )
    numbered = {v: n for v, n in versions.items() if re.match(r"^\d+\.\d+", v)}
    return max(numbered, key=lambda v: numbered[v]) if numbered else ""


def archive_of(package: Installed) -> Archive:
    """Return the .deb of an installed package."""
    return Archive(package.name, package.architecture, package.version)


def keep_old(machine: Machine, wanted: tuple[Archive, ...], progress: Progress) -> None:
    """Have the .debs of the old driver in the store. Raise Refused where one cannot be had.

    Tried in this order: the store, apt's cache, the repositories, dpkg-repack.
    """
    deb_store.take_from_cache(machine, _missing(machine, wanted))
    for archive in _downloadable(machine, wanted, progress):
        deb_store.download(machine, (archive,), progress)
    for archive in _missing(machine, wanted):
        deb_store.repack(machine, archive, progress)
    missing = _missing(machine, wanted)
    if missing:
        raise Refused(
            "the present driver could not be put back: some of its packages are nowhere any more",
            evidence=tuple(f"{a.name} {a.version} ({a.architecture})" for a in missing),
            remedy="install dpkg-repack (it packs what is installed), or add a repository that "
            "still has these versions, and run again",
        )


def _missing(machine: Machine, wanted: tuple[Archive, ...]) -> tuple[Archive, ...]:
    return tuple(archive for archive in wanted if not deb_store.is_kept(machine, archive))


def _downloadable(
    machine: Machine, wanted: tuple[Archive, ...], progress: Progress
) -> tuple[Archive, ...]:
    """Download all that is missing at once; return what is still missing, to be tried singly."""
    deb_store.download(machine, _missing(machine, wanted), progress)
    return _missing(machine, wanted)
