"""What the checks make of what a host prints: pure functions."""

from __future__ import annotations

import re

from roles.cuda.packages import built_for
from roles.cuda.settings import CudaSettings, major_of

_RELEASE = re.compile(r"^Cuda compilation tools, release (\d+\.\d+), V(\S+)$", re.MULTILINE)


def nvcc_is(series: str, status: int, text: str) -> tuple[bool, str]:
    """Return whether ``nvcc --version`` is of a toolkit, and the line that says so."""
    match = _RELEASE.search(text)
    if status != 0 or match is None:
        return False, text.strip() or f"exit status {status}"
    return match[1] == series, match[0]


def libraries_of(settings: CudaSettings) -> tuple[str, ...]:
    """Return the libraries that programs of the default toolkit ask the linker for."""
    names = [f"libcudart.so.{major_of(settings.default_series)}"]
    names += ["libcudnn.so.9"] if settings.wants_cudnn else []
    names += ["libnccl.so.2"] if settings.wants_nccl else []
    return tuple(names)


def line_of(library: str, listed: str) -> str | None:
    """Return the line of ``ldconfig -p`` for a library, or None where it is not listed."""
    lines = (line.strip() for line in listed.splitlines())
    return next((line for line in lines if line.startswith(f"{library} ")), None)


def cudnn_matches(settings: CudaSettings, version: str | None) -> bool:
    """Say whether a version of cuDNN is the declared one, or any where none is declared."""
    wanted = settings.cudnn_version
    if version is None or wanted is None:
        return version is not None
    return wanted in (version, version.rpartition("-")[0])


def nccl_matches(settings: CudaSettings, version: str | None) -> bool:
    """Say whether a version of NCCL is the declared one, or built for the default toolkit."""
    if version is None:
        return False
    if settings.nccl_version:
        return version == settings.nccl_version
    return built_for(version) == settings.default_series
