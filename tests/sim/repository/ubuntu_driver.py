"""The driver as Ubuntu splits it into packages; NVIDIA's Ubuntu repositories split it alike.

Ubuntu, and NVIDIA up to 580, put the branch into every name (``libnvidia-compute-580``,
``…-580-server``); NVIDIA from 590 on does not (``libnvidia-compute``). The relations are those of
the real packages as far as they decide what apt may do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.sim.repository import kernel_source, parts
from tests.sim.repository.compiled import Programs
from tests.sim.repository.package import Package

# Libraries and programs that matter only by being there in the right version.
EMPTY_PARTS = (
    "libnvidia-cfg1",
    "libnvidia-decode",
    "libnvidia-encode",
    "libnvidia-extra",
    "libnvidia-fbc1",
    "libnvidia-gl",
    "xserver-xorg-video-nvidia",
)
SUFFIXED_BRANCHES = (570, 580)


@dataclass(frozen=True, slots=True)
class Packaging:
    """One packaging of one driver version.

    ``suffix`` is ``-580``, ``-580-server`` or "". ``is_archive`` says that Ubuntu made it: then
    prebuilt modules may stand in for DKMS, and nvidia-persistenced is in nvidia-compute-utils.
    """

    suffix: str
    version: str
    package_version: str
    source: str
    is_archive: bool = False
    maintainer: str = "cudatools <cudatools@nvidia.com>"
    is_broken: bool = False

    def name(self, role: str, is_open: bool = False) -> str:
        """Return a package's name, such as nvidia-dkms-580-server-open."""
        return f"{role}{self.suffix}{'-open' if is_open else ''}"

    def exactly(self, role: str, is_open: bool = False) -> str:
        """Return the dependency on a package of this very version."""
        return f"{self.name(role, is_open)} (= {self.package_version})"

    def same_driver(self, role: str, is_open: bool = False) -> tuple[str, ...]:
        """Return the dependency on this driver version, however it is packaged."""
        if not self.is_archive:
            return (self.exactly(role, is_open),)
        name = self.name(role, is_open)
        return (f"{name} (<= {self.version}-1)", f"{name} (>= {self.version})")

    def package(self, role: str, is_open: bool = False, **fields: object) -> Package:
        """Return a package that excludes its siblings of other branches and flavours.

        All of a role provide and conflict with the bare name, so that one is installed at a time.
        """
        name = self.name(role, is_open)
        excluded = self._excluded(role, is_open)
        provided = (role,) if name != role and (self.suffix or not is_open) else ()
        values = {
            "provides": provided,
            "conflicts": excluded,
            "replaces": excluded,
            "source": self.source,
            "maintainer": self.maintainer,
            **fields,
        }
        return Package(name, self.package_version, **values)  # type: ignore[arg-type]

    def _excluded(self, role: str, is_open: bool) -> tuple[str, ...]:
        """Return what a package of a role takes the place of.

        A bare one names the suffixed ones too: apt's resolver removes an installed package that
        conflicts with a new one only where the new one asks for it as well.
        """
        if self.suffix:
            return (role,)
        suffixed = tuple(f"{role}-{b}{o}" for b in SUFFIXED_BRANCHES for o in ("", "-open"))
        return (*((role,) if is_open else ()), *suffixed)


def driver_packages(
    packaging: Packaging, programs: Programs, kinds: tuple[bool, ...] = (False, True)
) -> tuple[Package, ...]:
    """Return all packages of a driver version, for the kinds of modules (open or not)."""
    return (
        *_user_space(packaging, programs),
        *(p for is_open in kinds for p in _modules(packaging, is_open)),
        *(p for is_open in kinds for p in _metapackages(packaging, is_open)),
    )


def _user_space(packaging: Packaging, programs: Programs) -> tuple[Package, ...]:
    version, make = packaging.version, packaging.package
    firmware = packaging.name("nvidia-firmware")
    if packaging.suffix:
        firmware += f"-{version}"
    libraries = parts.library(programs, "libnvidia-ml.so.1", version) + parts.library(
        programs, "libcuda.so.1", version
    )
    return (
        make("libnvidia-compute", files=libraries, scripts=parts.LDCONFIG, multi_arch="same"),
        make(
            "nvidia-utils",
            depends=(packaging.exactly("libnvidia-compute"),),
            files=(parts.program(programs, "nvidia-smi", version),),
        ),
        _compute_utils(packaging, programs),
        Package(firmware, packaging.package_version, source=packaging.source),
        make(
            "nvidia-kernel-common",
            depends=(firmware,),
            files=(parts.blacklist("nvidia-graphics-drivers"),),
        ),
        *(make(role, depends=(packaging.exactly("libnvidia-compute"),)) for role in EMPTY_PARTS),
    )


def _compute_utils(packaging: Packaging, programs: Programs) -> Package:
    depends = (packaging.exactly("libnvidia-compute"),)
    if not packaging.is_archive:
        return packaging.package("nvidia-compute-utils", depends=(*depends, "nvidia-persistenced"))
    files = (
        parts.program(programs, "nvidia-persistenced", packaging.version),
        parts.unit("nvidia-persistenced.service", parts.PERSISTENCED_UNIT),
    )
    return packaging.package("nvidia-compute-utils", depends=depends, files=files)


def _modules(packaging: Packaging, is_open: bool) -> tuple[Package, ...]:
    version = packaging.version
    dkms_name = packaging.name("nvidia-dkms", is_open)
    return (
        packaging.package(
            "nvidia-kernel-source",
            is_open,
            files=kernel_source.source_files(version, is_open, packaging.is_broken),
        ),
        packaging.package(
            "nvidia-dkms",
            is_open,
            depends=(
                packaging.exactly("nvidia-kernel-source", is_open),
                *packaging.same_driver("nvidia-kernel-common"),
                "dkms",
            ),
            files=(kernel_source.dkms_conf(version),),
            scripts=parts.dkms_scripts(dkms_name, version),
        ),
    )


def _metapackages(packaging: Packaging, is_open: bool) -> tuple[Package, ...]:
    exactly: Callable[[str], str] = packaging.exactly
    kernel = (
        *packaging.same_driver("nvidia-kernel-common"),
        packaging.exactly("nvidia-kernel-source", is_open),
    )
    dkms = packaging.same_driver("nvidia-dkms", is_open)
    compute = tuple(exactly(r) for r in ("libnvidia-compute", "nvidia-compute-utils"))
    everything = tuple(exactly(r) for r in (*EMPTY_PARTS, "nvidia-utils"))
    no_dkms = packaging.name("nvidia-headless-no-dkms", is_open)
    make = _plain(packaging)  # the kernel sources already exclude the other kind of modules
    driver = make(
        packaging.name("nvidia-driver", is_open),
        depends=(*dkms, *kernel, *compute, *everything),
        recommends=("nvidia-settings",),
        provides=("nvidia-driver-binary",),
    )
    headless = (
        make(no_dkms, depends=(*kernel, *compute)),
        make(
            packaging.name("nvidia-headless", is_open),
            depends=(f"{no_dkms} (= {packaging.package_version})", *dkms),
        ),
    )
    # NVIDIA's bare packaging has no nvidia-headless; its compute-only set is named by part.
    return (driver, *headless) if packaging.suffix else (driver,)


def _plain(packaging: Packaging) -> Callable[..., Package]:
    """Return a maker of packages of this packaging that exclude nobody by rule."""

    def make(name: str, **fields: object) -> Package:
        values = {"source": packaging.source, "maintainer": packaging.maintainer, **fields}
        return Package(name, packaging.package_version, **values)  # type: ignore[arg-type]

    return make
