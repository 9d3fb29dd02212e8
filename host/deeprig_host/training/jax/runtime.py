"""JAX itself: its version, what it sees of CUDA, repeatable runs."""

from __future__ import annotations

import os
import random
import re
from contextlib import AbstractContextManager
from importlib import metadata
from typing import Any

import jax

from deeprig_host.training.cuda_driver import driver_problem
from deeprig_host.training.device import CPU, Cuda

_PLUGIN = re.compile(r"jax[-_]cuda(\d+)[-_]plugin")
#: Read by XLA when its first device starts. One thread on the CPU, as with PyTorch; on a GPU the
#: order of sums is fixed (XLA's documentation of its flags).
_XLA_FLAGS = (
    "--xla_cpu_multi_thread_eigen=false",
    "--xla_gpu_deterministic_ops=true",
)


def version() -> str:
    """Return the framework's version."""
    return str(jax.__version__)


def cuda() -> Cuda:
    """Return what JAX sees of CUDA, with its own words where it sees none.

    CUDA comes to JAX as a plugin, a package whose name has the CUDA version.
    """
    _configure()
    build = _plugin_cuda()
    try:
        devices = jax.devices("cuda")
    except RuntimeError as problem:
        said = " ".join(str(problem).split())
        driver = driver_problem() if build else None
        return Cuda(build, False, 0, error=f"{said}; {driver}" if driver else said)
    return Cuda(build, True, len(devices), tuple(str(one.device_kind) for one in devices))


def make_repeatable(seed: int) -> None:
    """Seed Python; JAX has no hidden generator, every random number comes from a key."""
    _configure()
    random.seed(seed)


def full_precision() -> AbstractContextManager[Any]:
    """Compute products in float32, not in the TF32 that JAX takes on a GPU."""
    exact: AbstractContextManager[Any] = jax.default_matmul_precision("highest")
    return exact


def device_of(device: str) -> Any:
    """Return JAX's device: ``cpu``, or ``cuda:0`` and so on."""
    kind, _, number = device.partition(":")
    return jax.devices(kind)[int(number or 0)]


def place(array: Any) -> str:
    """Return where an array really is, and of a GPU its model."""
    (device,) = array.devices()
    return CPU if device.platform == CPU else f"cuda:{device.id} {device.device_kind}"


def _configure() -> None:
    """Leave the card's memory to others too (JAX takes three quarters), and repeat bits."""
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    given = os.environ.get("XLA_FLAGS", "").split()
    missing = [flag for flag in _XLA_FLAGS if flag not in given]
    os.environ["XLA_FLAGS"] = " ".join((*given, *missing))


def _plugin_cuda() -> str | None:
    """Return the CUDA version that the installed plugin is for, None where there is no plugin."""
    names = (one.metadata["Name"] or "" for one in metadata.distributions())
    found = {match[1] for match in map(_PLUGIN.fullmatch, names) if match}
    return ", ".join(sorted(found)) or None
