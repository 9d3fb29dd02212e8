"""Which CUDA a framework's wheel brings, and which GPUs it was built for.

Sources, named in each row: metadata of the wheels on the package index; PyTorch's RELEASE.md
("Release Compatibility Matrix", CUDA builds and their architectures); TensorFlow's and JAX's
installation pages.
"""

from __future__ import annotations

from dataclasses import dataclass

Capability = tuple[int, int]

_WHEEL = "metadata of the wheel"
_MATRIX = "PyTorch RELEASE.md, release compatibility matrix"


@dataclass(frozen=True, slots=True)
class TorchRelease:
    """A minor release of PyTorch and the CUDA its plain wheel brings."""

    minor: str
    cuda: str
    lowest_python: tuple[int, int]
    source: str


@dataclass(frozen=True, slots=True)
class TorchBuild:
    """The GPUs that PyTorch's wheels for a CUDA version are built for; ``highest`` None: all."""

    cuda: str
    lowest: Capability
    highest: Capability | None
    source: str


#: The newest first: an open requirement gets it.
TORCH_RELEASES: tuple[TorchRelease, ...] = (
    TorchRelease("2.15", "13.2", (3, 11), _WHEEL),
    TorchRelease("2.14", "13.0", (3, 10), _WHEEL),
    TorchRelease("2.13", "13.0", (3, 10), _MATRIX),
    TorchRelease("2.12", "13.0", (3, 10), _WHEEL),
    TorchRelease("2.11", "13.0", (3, 10), _WHEEL),
    TorchRelease("2.10", "12.8", (3, 10), _WHEEL),
    TorchRelease("2.9", "12.8", (3, 10), _WHEEL),
    TorchRelease("2.8", "12.8", (3, 9), _WHEEL),
    TorchRelease("2.7", "12.6", (3, 9), _WHEEL),
    TorchRelease("2.6", "12.4", (3, 9), _MATRIX),
    TorchRelease("2.5", "12.4", (3, 9), _MATRIX),
    TorchRelease("2.4", "12.1", (3, 8), _MATRIX),
)

TORCH_BUILDS: tuple[TorchBuild, ...] = (
    TorchBuild("11.8", (5, 0), (9, 0), _MATRIX),
    TorchBuild("12.1", (5, 0), (9, 0), _MATRIX),
    TorchBuild("12.4", (5, 0), (9, 0), _MATRIX),
    TorchBuild("12.6", (5, 0), (9, 0), _MATRIX),
    TorchBuild("12.8", (7, 0), None, _MATRIX),
    TorchBuild("12.9", (7, 0), None, _MATRIX),
    TorchBuild("13.0", (7, 5), None, _MATRIX),
    TorchBuild("13.2", (7, 5), None, _MATRIX),
)

#: A framework's extra to the CUDA it brings.
EXTRAS: dict[tuple[str, str], tuple[str, str]] = {
    ("tensorflow", "and-cuda"): ("12.5", f"{_WHEEL}: CUDA 12.5.82 or newer, below 13"),
    ("jax", "cuda12"): ("12.1", "JAX installation page"),
    ("jax", "cuda13"): ("13.0", f"{_WHEEL}: CUDA 13.0.48 or newer"),
}
#: Frameworks whose plain wheel has no CUDA, and what to name instead.
WITHOUT_CUDA: dict[str, str] = {
    "tensorflow": "tensorflow[and-cuda]",
    "jax": "jax[cuda13] or jax[cuda12]",
}


def torch_build(cuda: str) -> TorchBuild | None:
    """Return the row of PyTorch's wheels for a CUDA version, or None for an unknown one."""
    return next((row for row in TORCH_BUILDS if row.cuda == cuda), None)
