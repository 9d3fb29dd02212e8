"""cuDNN and NCCL as NVIDIA's repositories package them, small."""

from __future__ import annotations

from tests.sim.repository import parts
from tests.sim.repository.compiled import Programs
from tests.sim.repository.nvidia_extras import MAINTAINER
from tests.sim.repository.package import Package
from tests.sim.repository.versions import CUDNN_VERSIONS, NCCL_VERSIONS


def cuda_package(name: str, version: str, **fields: object) -> Package:
    """Return a package of NVIDIA's CUDA team."""
    values = {"source": name, "maintainer": MAINTAINER, "section": "multiverse/devel", **fields}
    return Package(name, version, **values)  # type: ignore[arg-type]


def cudnn_packages(programs: Programs) -> tuple[Package, ...]:
    """Return cuDNN for each major version of CUDA."""
    made = []
    for version in CUDNN_VERSIONS:
        for major in ("12", "13"):
            upstream = version.rpartition("-")[0]
            name = f"libcudnn9-cuda-{major}"
            files = parts.library(programs, "libcudnn.so.9", upstream)
            other = f"libcudnn9-cuda-{'13' if major == '12' else '12'}"
            made += [
                # Both have the same file names below the library directory: one at a time.
                cuda_package(
                    name,
                    version,
                    files=files,
                    scripts=parts.LDCONFIG,
                    conflicts=(other,),
                ),
                cuda_package(
                    f"libcudnn9-dev-cuda-{major}", version, depends=(f"{name} (= {version})",)
                ),
                cuda_package(
                    f"cudnn9-cuda-{major}",
                    version,
                    depends=(f"libcudnn9-dev-cuda-{major} (>= {upstream})",),
                ),
            ]
    return tuple(made)


def nccl_packages(programs: Programs) -> tuple[Package, ...]:
    """Return NCCL, whose version says the CUDA it was built for."""
    made = []
    for base, series in NCCL_VERSIONS:
        version = f"{base}+cuda{series}"
        files = parts.library(programs, "libnccl.so.2", base.rpartition("-")[0])
        made += [
            cuda_package("libnccl2", version, files=files, scripts=parts.LDCONFIG),
            cuda_package("libnccl-dev", version, depends=(f"libnccl2 (= {version})",)),
        ]
    return tuple(made)
