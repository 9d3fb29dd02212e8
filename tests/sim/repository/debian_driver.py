"""The driver as NVIDIA's Debian repositories split it: no branch in any name, at any branch."""

from __future__ import annotations

from tests.sim.repository import kernel_source, parts
from tests.sim.repository.compiled import Programs
from tests.sim.repository.nvidia_extras import MAINTAINER
from tests.sim.repository.package import Package
from tests.sim.repository.versions import LAST_SUFFIXED_BRANCH, branch_of

# Libraries that matter only by being there in the right version.
EMPTY_PARTS = ("nvidia-driver-libs", "nvidia-driver-bin", "xserver-xorg-video-nvidia")


def driver_packages(version: str, programs: Programs) -> tuple[Package, ...]:
    """Return all packages of a driver version."""
    return (*_user_space(version, programs), *_modules(version), *_metapackages(version))


def _package(name: str, version: str, **fields: object) -> Package:
    values = {"source": "nvidia-graphics-drivers", "maintainer": MAINTAINER, **fields}
    return Package(name, f"{version}-1", **values)  # type: ignore[arg-type]


def _exactly(name: str, version: str) -> str:
    return f"{name} (= {version}-1)"


def _user_space(version: str, programs: Programs) -> tuple[Package, ...]:
    nvml = parts.library(programs, "libnvidia-ml.so.1", version)
    cuda = parts.library(programs, "libcuda.so.1", version)
    ml1 = _exactly("libnvidia-ml1", version)
    blacklist = (parts.blacklist("nvidia-blacklists-nouveau"),)
    return (
        _package("libnvidia-ml1", version, files=nvml, scripts=parts.LDCONFIG, multi_arch="same"),
        _package("libcuda1", version, files=cuda, scripts=parts.LDCONFIG, multi_arch="same"),
        _package(
            "nvidia-smi",
            version,
            depends=(ml1,),
            files=(parts.program(programs, "nvidia-smi", version),),
        ),
        _package("firmware-nvidia-gsp", version),
        _package("nvidia-kernel-support", version, files=blacklist),
        *(_package(name, version) for name in EMPTY_PARTS),
    )


def _modules(version: str) -> tuple[Package, ...]:
    closed, opened = "nvidia-kernel-dkms", "nvidia-kernel-open-dkms"
    return (_module(closed, opened, version, False), _module(opened, closed, version, True))


def _module(name: str, other: str, version: str, is_open: bool) -> Package:
    files = (*kernel_source.source_files(version, is_open), kernel_source.dkms_conf(version))
    return _package(
        name,
        version,
        depends=(
            _exactly("firmware-nvidia-gsp", version),
            _exactly("nvidia-kernel-support", version),
            "dkms",
        ),
        provides=(f"nvidia-kernel-{version}",),
        conflicts=(other,),
        replaces=(other,),
        files=files,
        scripts=parts.dkms_scripts(name, version),
    )


def _metapackages(version: str) -> tuple[Package, ...]:
    closed, opened = (_exactly(f"nvidia-kernel{o}-dkms", version) for o in ("", "-open"))
    compute = tuple(_exactly(n, version) for n in ("libcuda1", "nvidia-smi", "libnvidia-ml1"))
    either = f"{closed} | {opened}"
    # The desktop and the compute part stand alone; the metapackages bring both.
    both = tuple(_exactly(n, version) for n in ("nvidia-driver", "nvidia-driver-cuda"))
    metas = [
        _package(
            "nvidia-driver-cuda",
            version,
            depends=(*compute, _exactly("nvidia-persistenced", version), either),
        ),
        _package(
            "nvidia-driver",
            version,
            depends=(*(_exactly(n, version) for n in EMPTY_PARTS), either),
        ),
        _package("nvidia-open", version, depends=(*both, opened), conflicts=("cuda-drivers",)),
        _package("cuda-drivers", version, depends=(*both, closed), conflicts=("nvidia-open",)),
    ]
    branch = branch_of(version)
    if branch <= LAST_SUFFIXED_BRANCH:
        metas += [
            _package(f"{name}-{branch}", version, depends=(_exactly(name, version),))
            for name in ("nvidia-open", "cuda-drivers")
        ]
    return tuple(metas)
