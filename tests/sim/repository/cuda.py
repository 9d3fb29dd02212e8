"""CUDA toolkits, cuDNN and NCCL as NVIDIA's repositories package them, small."""

from __future__ import annotations

import json

from tests.sim.repository import parts
from tests.sim.repository.compiled import Programs
from tests.sim.repository.cuda_libraries import cuda_package, cudnn_packages, nccl_packages
from tests.sim.repository.package import File, Package
from tests.sim.repository.versions import TOOLKITS, Toolkit

NVCC = """\
#!/bin/sh
# nvcc, simulated by deeprig's tests: it knows its version and compiles nothing.
case "$1" in
    --version|-V)
        cat <<'TEXT'
nvcc: NVIDIA (R) Cuda compiler driver
Copyright (c) 2005-2026 NVIDIA Corporation
Built on Thu_Jan__1_00:00:00_UTC_2026
Cuda compilation tools, release {series}, V{nvcc}
Build cuda_{series}.r{series}/compiler.00000000_0
TEXT
        ;;
    *)
        echo "nvcc fatal   : simulated by deeprig's tests: only --version is known" >&2
        exit 1
        ;;
esac
"""
ALTERNATIVES_POSTINST = """\
#!/bin/sh
set -e
if [ "$1" = configure ]; then
    update-alternatives --install /usr/local/cuda cuda /usr/local/cuda-{series} {priority}
    update-alternatives --install /usr/local/cuda-{major} cuda-{major} \
/usr/local/cuda-{series} {priority}
    ldconfig
fi
"""
ALTERNATIVES_PRERM = """\
#!/bin/sh
set -e
if [ "$1" = remove ]; then
    update-alternatives --remove cuda /usr/local/cuda-{series}
    update-alternatives --remove cuda-{major} /usr/local/cuda-{series}
fi
"""


def cuda_packages(programs: Programs) -> tuple[Package, ...]:
    """Return toolkits, the metapackages that pull a driver, cuDNN and NCCL."""
    return (
        *(p for toolkit in TOOLKITS for p in _toolkit(toolkit, programs)),
        *_common_configurations(),
        cuda_package("cuda", _version(TOOLKITS[-1]), depends=(_meta_of(TOOLKITS[-1]),)),
        cuda_package(
            "cuda-toolkit",
            _version(TOOLKITS[-1]),
            depends=(f"cuda-toolkit-{_dashed(TOOLKITS[-1])}",),
        ),
        *cudnn_packages(programs),
        *nccl_packages(programs),
    )


def _dashed(toolkit: Toolkit) -> str:
    return toolkit.series.replace(".", "-")


def _major(toolkit: Toolkit) -> str:
    return toolkit.series.partition(".")[0]


def _version(toolkit: Toolkit) -> str:
    return f"{toolkit.release}-1"


def _meta_of(toolkit: Toolkit) -> str:
    return f"cuda-{_dashed(toolkit)} (>= {toolkit.release})"


def _toolkit(toolkit: Toolkit, programs: Programs) -> tuple[Package, ...]:
    dashed, version = _dashed(toolkit), _version(toolkit)
    nvcc_version = f"{toolkit.nvcc}-1"
    return (
        cuda_package(
            f"cuda-toolkit-{dashed}",
            version,
            depends=(
                f"cuda-nvcc-{dashed} (>= {toolkit.nvcc})",
                f"cuda-libraries-{dashed} (>= {toolkit.release})",
                f"cuda-toolkit-{dashed}-config-common",
            ),
            files=(File(f"usr/local/cuda-{toolkit.series}/version.json", _version_json(toolkit)),),
        ),
        cuda_package(f"cuda-nvcc-{dashed}", nvcc_version, files=(_nvcc(toolkit),)),
        cuda_package(
            f"cuda-libraries-{dashed}",
            version,
            depends=(f"cuda-cudart-{dashed}",),
        ),
        _cudart(toolkit, programs),
        _configuration(toolkit),
        *_driver_pulling(toolkit),
    )


def _driver_pulling(toolkit: Toolkit) -> tuple[Package, ...]:
    """Return the metapackages that bring a driver: the trap of ``apt install cuda``."""
    dashed, version = _dashed(toolkit), _version(toolkit)
    driver = "cuda-drivers" if _major(toolkit) == "12" else "nvidia-open"
    return (
        cuda_package(
            f"cuda-runtime-{dashed}",
            version,
            depends=(
                f"cuda-libraries-{dashed} (>= {toolkit.release})",
                f"{driver} (>= {toolkit.driver})",
            ),
        ),
        cuda_package(
            f"cuda-{dashed}",
            version,
            depends=(
                f"cuda-runtime-{dashed} (>= {toolkit.release})",
                f"cuda-toolkit-{dashed} (>= {toolkit.release})",
            ),
        ),
    )


def _version_json(toolkit: Toolkit) -> bytes:
    document = {
        "cuda": {"name": "CUDA SDK", "version": toolkit.release},
        "cuda_nvcc": {"name": "CUDA NVCC", "version": toolkit.nvcc},
        "nvidia_driver": {"name": "NVIDIA Linux Driver", "version": toolkit.driver},
    }
    return (json.dumps(document, indent=3) + "\n").encode()


def _nvcc(toolkit: Toolkit) -> File:
    text = NVCC.format(series=toolkit.series, nvcc=toolkit.nvcc)
    return File(f"usr/local/cuda-{toolkit.series}/bin/nvcc", text.encode(), 0o755)


def _cudart(toolkit: Toolkit, programs: Programs) -> Package:
    root = f"usr/local/cuda-{toolkit.series}"
    target = "targets/x86_64-linux/lib"
    soname = f"libcudart.so.{_major(toolkit)}"
    real = f"libcudart.so.{toolkit.nvcc}"
    files = (
        File(f"{root}/lib64", link=target),
        File(f"{root}/{target}/{real}", programs.of(soname, toolkit.release)),
        File(f"{root}/{target}/{soname}", link=real),
    )
    return cuda_package(
        f"cuda-cudart-{_dashed(toolkit)}",
        f"{toolkit.nvcc}-1",
        depends=(f"cuda-toolkit-{_dashed(toolkit)}-config-common",),
        files=files,
        scripts=parts.LDCONFIG,
    )


def _configuration(toolkit: Toolkit) -> Package:
    """Return the package that registers the toolkit with update-alternatives."""
    values = {
        "series": toolkit.series,
        "major": _major(toolkit),
        "priority": toolkit.series.replace(".", ""),
    }
    return cuda_package(
        f"cuda-toolkit-{_dashed(toolkit)}-config-common",
        f"{toolkit.nvcc}-1",
        depends=(f"cuda-toolkit-{_major(toolkit)}-config-common", "cuda-toolkit-config-common"),
        architecture="all",
        scripts={
            "postinst": ALTERNATIVES_POSTINST.format(**values),
            "prerm": ALTERNATIVES_PRERM.format(**values),
        },
    )


def _common_configurations() -> tuple[Package, ...]:
    """Return the packages that tell ld.so of ``/usr/local/cuda`` and ``/usr/local/cuda-MAJOR``."""
    newest = {_major(t): t for t in TOOLKITS}
    places = {f"-{major}": (f"988_cuda-{major}", f"-{major}") for major in newest}
    places[""] = ("000_cuda", "")
    return tuple(
        cuda_package(
            f"cuda-toolkit{middle}-config-common",
            f"{newest.get(middle.lstrip('-'), TOOLKITS[-1]).nvcc}-1",
            architecture="all",
            files=(
                File(
                    f"etc/ld.so.conf.d/{name}.conf",
                    f"/usr/local/cuda{suffix}/targets/x86_64-linux/lib\n".encode(),
                ),
            ),
            scripts={"conffiles": f"/etc/ld.so.conf.d/{name}.conf\n", **parts.LDCONFIG},
        )
        for middle, (name, suffix) in places.items()
    )
