"""How NVIDIA's repository names CUDA's packages, and which of them bring a driver.

Sources: the CUDA installation guide, "Meta Packages" and "Additional Package Manager
Capabilities"; the cuDNN and NCCL installation guides.
"""

from __future__ import annotations

import re

from roles.nvidia_driver.naming import is_driver_package

#: Packages that pull a driver in behind the back of whoever manages it.
_METAPACKAGE = re.compile(r"^cuda(-runtime|-demo-suite)?(-\d+-\d+)?$")
_TOOLKIT = re.compile(r"^cuda-toolkit-(\d+)-(\d+)$")
_COMPILER = re.compile(r"^cuda-nvcc-(\d+)-(\d+)$")
#: Parts of a toolkit: its metapackage depends on them, and they hold all the files.
_PART = re.compile(
    r"^(?:cuda|gds-tools|lib(?:cu|npp|nv)[a-z]*)(?:-[a-z][a-z-]*)?-(\d{1,2})-(\d)(-config-common)?$"
)
_BUILT_FOR = re.compile(r"\+cuda(\d+\.\d+)$")
#: Headers of the driver's library, which Debian's toolkit depends on; no part of a driver.
_HEADERS = "libnvidia-ml-dev"
#: The toolkit in Debian's archive (non-free).
ARCHIVE_TOOLKIT = "nvidia-cuda-toolkit"
NCCL, NCCL_DEVELOPMENT = "libnccl2", "libnccl-dev"
NCCL_PACKAGES = (NCCL, NCCL_DEVELOPMENT)


def toolkit_package(series: str) -> str:
    """Return the package of a toolkit: cuda-toolkit-13-0. It depends on no driver."""
    return f"cuda-toolkit-{series.replace('.', '-')}"


def compiler_package(series: str) -> str:
    """Return the package of a toolkit's compiler: cuda-nvcc-13-0."""
    return f"cuda-nvcc-{series.replace('.', '-')}"


def series_of(package: str) -> str | None:
    """Return the toolkit that a package is, or None where it is none: 13.0."""
    match = _TOOLKIT.match(package)
    return f"{match[1]}.{match[2]}" if match else None


def compiled_series(package: str) -> str | None:
    """Return the toolkit whose compiler a package is, or None: without it there is none."""
    match = _COMPILER.match(package)
    return f"{match[1]}.{match[2]}" if match else None


def is_part_of(package: str, series: str) -> bool:
    """Say whether a package is a toolkit or a part of it, such as libcublas-dev-12-9."""
    match = _PART.match(package)
    return match is not None and f"{match[1]}.{match[2]}" == series


def cudnn_packages(major: int) -> tuple[str, str]:
    """Return cuDNN's packages for a major version of CUDA: the library, and its headers."""
    return f"libcudnn9-cuda-{major}", f"libcudnn9-dev-cuda-{major}"


def built_for(version: str) -> str | None:
    """Return the toolkit that a version of NCCL was built for, or None where it does not say."""
    match = _BUILT_FOR.search(version)
    return match[1] if match else None


def is_metapackage(package: str) -> bool:
    """Say whether a package (``name`` or ``name=version``) is CUDA together with a driver."""
    return bool(_METAPACKAGE.match(package.partition("=")[0].partition(":")[0]))


def is_driver(package: str) -> bool:
    """Say whether a package is part of the driver, which only role nvidia_driver may touch."""
    name = package.partition(":")[0]
    return name != _HEADERS and is_driver_package(name)
