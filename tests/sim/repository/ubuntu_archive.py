"""Ubuntu's archive as far as a driver needs it: ``dists/<suite>/<component>/binary-amd64``.

``restricted`` has the driver in each flavour (also ``-server``), transitional packages where a
branch was given up, and prebuilt signed modules; ``main`` has the kernel's metapackages, which
here stand for Debian's cloud kernel, because the simulated hosts are Debian inside.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.sim.repository import index, nvidia_extras
from tests.sim.repository.compiled import Programs
from tests.sim.repository.index import Indexed, indexed
from tests.sim.repository.package import File, Package
from tests.sim.repository.prebuilt import SignedModules
from tests.sim.repository.ubuntu_driver import Packaging, driver_packages
from tests.sim.repository.versions import (
    UBUNTU_OPEN_ONLY,
    UBUNTU_TRANSITIONAL,
    UBUNTU_VERSIONS,
    UbuntuRelease,
)

MAINTAINER = "Ubuntu Core Developers <ubuntu-devel-discuss@lists.ubuntu.com>"
KERNEL_VERSION = {"jammy": "5.15.0.176.186", "noble": "6.8.0.101.104", "resolute": "7.0.0.20.20"}
TRANSITIONAL_ROLES = (
    "nvidia-driver",
    "nvidia-dkms",
    "nvidia-kernel-source",
    "nvidia-headless",
    "nvidia-headless-no-dkms",
)
TRANSITIONAL_PLAIN_ROLES = (
    "libnvidia-compute",
    "nvidia-utils",
    "nvidia-compute-utils",
    "nvidia-kernel-common",
)


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite's packages by component."""

    name: str
    components: dict[str, tuple[Package, ...]]


def all_versions() -> tuple[str, ...]:
    """Return the driver versions of the archive."""
    return tuple(dict.fromkeys(v for versions in UBUNTU_VERSIONS.values() for v in versions))


def suites(
    release: UbuntuRelease, programs: Programs, modules: Iterable[SignedModules]
) -> tuple[Suite, ...]:
    """Return the release pocket, -updates and -security.

    As in the real archive a pocket has one version of a package: the newest is in -updates, and
    -security lags behind with the older one.
    """
    built = tuple(modules)
    newest: list[Package] = []
    older: list[Package] = []
    for flavour, versions in UBUNTU_VERSIONS.items():
        for version in versions:
            made = _flavour_packages(release, flavour, version, programs, built)
            (newest if version == versions[-1] else older).extend(made)
    settings = Package("nvidia-settings", "510.47.03-0ubuntu4", maintainer=MAINTAINER)
    transitional = tuple(_transitional(release))
    name = release.codename
    return (
        Suite(name, {"main": (*_kernel_packages(release), settings), "restricted": ()}),
        Suite(f"{name}-updates", {"main": (), "restricted": (*newest, *transitional)}),
        Suite(f"{name}-security", {"main": (), "restricted": tuple(older)}),
    )


def packaging_of(release: UbuntuRelease, flavour: str, version: str) -> Packaging:
    """Return how Ubuntu packages a version in a flavour, such as 580-server."""
    return Packaging(
        f"-{flavour}",
        version,
        f"{version}-0ubuntu0.{release.version}.1",
        source=f"nvidia-graphics-drivers-{flavour}",
        is_archive=True,
        maintainer=MAINTAINER,
    )


def _flavour_packages(
    release: UbuntuRelease,
    flavour: str,
    version: str,
    programs: Programs,
    modules: tuple[SignedModules, ...],
) -> tuple[Package, ...]:
    packaging = packaging_of(release, flavour, version)
    fabric = nvidia_extras.fabric_of(
        packaging.suffix.removesuffix("-server"), packaging.package_version, version, programs
    )
    return (
        *driver_packages(packaging, programs, _kinds(flavour)),
        *(fabric if flavour.endswith("-server") else ()),
        *(
            package
            for built in modules
            for is_open in _kinds(flavour)
            for package in _module_packages(release, packaging, built, is_open)
        ),
    )


def _kinds(flavour: str) -> tuple[bool, ...]:
    """Return whether there are proprietary (False) and open (True) modules of a flavour."""
    return (True,) if flavour in UBUNTU_OPEN_ONLY else (False, True)


def kernel_flavours(release: UbuntuRelease) -> tuple[str, ...]:
    """Return the kernel flavours with prebuilt modules."""
    return ("generic", f"generic-hwe-{release.version}")


def _module_packages(
    release: UbuntuRelease, packaging: Packaging, built: SignedModules, is_open: bool
) -> tuple[Package, ...]:
    """Return the signed modules of a kernel, and the metapackages that follow the kernel."""
    base = packaging.name("linux-modules-nvidia", is_open)
    kernel_version = KERNEL_VERSION[release.codename]
    version = f"{kernel_version.rpartition('.')[0]}-{packaging.version}+1"
    concrete = _concrete_modules(base, version, packaging, built, is_open)
    metas = (
        Package(
            f"{base}-{flavour}",
            version,
            depends=(
                f"{concrete.name} (= {version})",
                *packaging.same_driver("nvidia-kernel-common"),
            ),
            # What lets nvidia-driver-580 be installed without DKMS.
            provides=(f"{packaging.name('nvidia-dkms', is_open)} (= {packaging.version}-1)",),
            source="linux-restricted-modules",
            maintainer=MAINTAINER,
        )
        for flavour in kernel_flavours(release)
    )
    return (concrete, *metas)


def _concrete_modules(
    base: str, version: str, packaging: Packaging, built: SignedModules, is_open: bool
) -> Package:
    directory = f"lib/modules/{built.release}/kernel/nvidia-{packaging.suffix.lstrip('-')}"
    contents = built.contents[packaging.version, is_open]
    return Package(
        f"{base}-{built.release}",
        version,
        depends=packaging.same_driver("nvidia-kernel-common"),
        provides=("nvidia-prebuilt-kernel",),
        files=tuple(
            File(f"{directory}{'-open' if is_open else ''}/{name}", content)
            for name, content in contents.items()
        ),
        scripts={
            "postinst": f"#!/bin/sh\nset -e\ndepmod -a {built.release}\n",
            "postrm": f"#!/bin/sh\nset -e\nif [ -d /lib/modules/{built.release} ]; then "
            f"depmod -a {built.release}; fi\n",
        },
        source="linux-restricted-modules",
        maintainer=MAINTAINER,
    )


def _kernel_packages(release: UbuntuRelease) -> tuple[Package, ...]:
    """Return the kernel's metapackages, over Debian's cloud kernel."""
    version = KERNEL_VERSION[release.codename]

    def make(name: str, *depends: str) -> Package:
        return Package(name, version, depends=depends, source="linux-meta", maintainer=MAINTAINER)

    made: list[Package] = []
    for flavour in kernel_flavours(release):
        headers, image = f"linux-headers-{flavour}", f"linux-image-{flavour}"
        exactly = f"(= {version})"
        made += [
            make(headers, "linux-headers-cloud-amd64"),
            make(image, "linux-image-cloud-amd64"),
            make(f"linux-{flavour}", f"{image} {exactly}", f"{headers} {exactly}"),
        ]
    return tuple(made)


def _transitional(release: UbuntuRelease) -> Iterable[Package]:
    """Yield empty packages of what was given up, each depending on its successor."""
    for old, new in UBUNTU_TRANSITIONAL.items():
        packaging = packaging_of(release, new, UBUNTU_VERSIONS[new][-1])
        names = [(role, is_open) for role in TRANSITIONAL_ROLES for is_open in (False, True)]
        names += [(role, False) for role in TRANSITIONAL_PLAIN_ROLES]
        for role, is_open in names:
            name = f"{role}-{old}{'-open' if is_open else ''}"
            yield _leading(name, packaging.name(role, is_open), packaging)
    for flavour in UBUNTU_OPEN_ONLY:
        packaging = packaging_of(release, flavour, UBUNTU_VERSIONS[flavour][-1])
        for role in TRANSITIONAL_ROLES:
            yield _leading(packaging.name(role), packaging.name(role, True), packaging)


def _leading(name: str, successor: str, packaging: Packaging) -> Package:
    return Package(
        name,
        packaging.package_version,
        depends=(successor,),
        source=packaging.source,
        maintainer=MAINTAINER,
        description=f"Transitional package for {successor}",
    )


def write(root: Path, release: UbuntuRelease, found: tuple[Suite, ...]) -> tuple[Path, ...]:
    """Write the suites and their pool; return the Release files to be signed."""
    pool: dict[str, Indexed] = {}
    releases = []
    for suite in found:
        directory = root / "dists" / suite.name
        for component, packages in suite.components.items():
            entries = [_pooled(pool, package, component) for package in packages]
            index.write_packages(directory / component / "binary-amd64", entries)
        releases.append(index.write_release(directory, _release_fields(release, suite)))
    index.write_debs(root, pool.values())
    return tuple(releases)


def _pooled(pool: dict[str, Indexed], package: Package, component: str) -> Indexed:
    """Return the pool's entry of a package; a package in two suites has one .deb."""
    directory = f"pool/{component}/{package.source or package.name}"
    path = f"{directory}/{package.file_name}"
    if path not in pool:
        pool[path] = indexed(package, directory)
    return pool[path]


def _release_fields(release: UbuntuRelease, suite: Suite) -> dict[str, str]:
    return {
        "Origin": "Ubuntu",
        "Label": "Ubuntu",
        "Suite": suite.name,
        "Version": release.version,
        "Codename": release.codename,
        "Architectures": "amd64",
        "Components": " ".join(suite.components),
        "Description": "Simulated by deeprig's tests",
    }
