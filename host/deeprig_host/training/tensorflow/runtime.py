"""TensorFlow itself: its version, what it sees of CUDA, repeatable runs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import tensorflow as tf

from deeprig_host.training.cuda_driver import driver_problem
from deeprig_host.training.device import CPU, Cuda

_GPU = "GPU"


def version() -> str:
    """Return the framework's version."""
    return str(tf.__version__)


def cuda() -> Cuda:
    """Return what TensorFlow sees of CUDA. Why it sees none it only logs: the driver is asked."""
    _configure()
    build = tf.sysconfig.get_build_info().get("cuda_version")
    devices = tf.config.list_physical_devices(_GPU)
    if devices:
        return Cuda(build, True, len(devices), tuple(_model(device) for device in devices))
    return Cuda(build, False, 0, error=_why_none(build))


def make_repeatable(seed: int) -> None:
    """Seed every generator and choose operations that give the same bits again.

    TensorFlow's guide on determinism: ``enable_op_determinism`` needs the seed, and raises for an
    operation that has no deterministic form.
    """
    _configure()
    random.seed(seed)
    tf.random.set_seed(seed)
    tf.config.experimental.enable_op_determinism()


@contextmanager
def full_precision() -> Iterator[None]:
    """Compute products in float32, not in the TF32 that TensorFlow takes on a GPU."""
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)


def on(device: str) -> AbstractContextManager[Any]:
    """Compute there: ``cpu``, or ``cuda:0`` and so on."""
    kind, _, number = device.partition(":")
    name = "/CPU:0" if kind == CPU else f"/GPU:{number or 0}"
    place: AbstractContextManager[Any] = tf.device(name)
    return place


def place(variable: Any) -> str:
    """Return where a variable really is, and of a GPU its model."""
    spec = tf.DeviceSpec.from_string(variable.device)
    if spec.device_type != _GPU:
        return CPU
    device = tf.config.list_physical_devices(_GPU)[spec.device_index]
    return f"cuda:{spec.device_index} {_model(device)}"


def _configure() -> None:
    """Leave the card's memory to others too (TensorFlow takes all of it); one thread, as PyTorch.

    Neither can be changed once TensorFlow has started its devices, so nothing is set twice.
    """
    for device in tf.config.list_physical_devices(_GPU):
        if not tf.config.experimental.get_memory_growth(device):
            tf.config.experimental.set_memory_growth(device, True)
    if tf.config.threading.get_intra_op_parallelism_threads() != 1:
        tf.config.threading.set_intra_op_parallelism_threads(1)


def _model(device: Any) -> str:
    return str(tf.config.experimental.get_device_details(device).get("device_name", device.name))


def _why_none(build: str | None) -> str:
    if build is None:
        return "TensorFlow is built without CUDA"
    reason = driver_problem() or "the driver starts, but TensorFlow cannot load CUDA's libraries"
    return f"TensorFlow finds no GPU: {reason}"
