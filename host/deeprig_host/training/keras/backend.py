"""What Keras computes with: chosen before Keras is imported, asked through its own package here."""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager
from typing import Any

import keras

from deeprig_host.training.device import CPU, Cuda

#: Keras' names of backends, and our packages that know them.
_PACKAGES = {"torch": "pytorch", "tensorflow": "tensorflow", "jax": "jax"}


def cuda() -> Cuda:
    """Return what the backend sees of CUDA."""
    found: Cuda = _runtime().cuda()
    return found


def make_repeatable(seed: int) -> None:
    """Seed Python, NumPy, Keras and the backend, and make the backend repeatable."""
    # The models before are small: collecting them at once takes longer than training on.
    keras.backend.clear_session(free_memory=False)
    _runtime().make_repeatable(seed)
    keras.utils.set_random_seed(seed)


def full_precision() -> AbstractContextManager[Any]:
    """Compute products in float32, not in the TF32 that a GPU may take for them.

    PyTorch takes TF32 for cuDNN alone ("Numerical accuracy", torch.backends.cudnn).
    """
    exact: AbstractContextManager[Any]
    if keras.backend.backend() == "torch":
        from torch.backends import cudnn

        exact = cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)
    else:
        exact = _runtime().full_precision()
    return exact


def on(device: str) -> AbstractContextManager[Any]:
    """Compute there. Keras calls a GPU ``gpu:0`` on every backend.

    On PyTorch the CPU is ``cpu``: moved to ``cpu:0`` a weight is a copy, which takes no gradient
    (Keras 3.15, backend/torch/core.py, Variable._initialize).
    """
    cpu = "cpu" if keras.backend.backend() == "torch" else "cpu:0"
    name = cpu if device == CPU else device.replace("cuda", "gpu")
    place: AbstractContextManager[Any] = keras.device(name)
    return place


def prepare(model: Any) -> None:
    """Make the optimiser's variables where that saves more than it takes: on TensorFlow.

    Met first within a step, they have TensorFlow trace that step twice (tf.function). JAX would
    compile small programs for them.
    """
    if keras.backend.backend() == "tensorflow":
        model.optimizer.build(model.trainable_variables)


def batches(images: Any, labels: Any, batch_samples: int) -> dict[str, Any]:
    """Return what ``fit`` takes: arrays, and on TensorFlow its own data set of them.

    Keras makes one of arrays too, and compiles three functions for it in every ``fit``
    (keras/src/trainers/data_adapters/array_data_adapter.py).
    """
    if keras.backend.backend() != "tensorflow":
        return {"x": images, "y": labels, "batch_size": batch_samples}
    import tensorflow as tf

    pairs = tf.data.Dataset.from_tensor_slices((images, labels))
    return {"x": pairs.batch(batch_samples).prefetch(tf.data.AUTOTUNE)}


def place(model: Any) -> str:
    """Return where the weights really are, and of a GPU its model."""
    runtime = _runtime()
    if keras.backend.backend() == "torch":
        # On this backend a Keras model is a torch.nn.Module.
        return str(runtime.place(model))
    return str(runtime.place(model.trainable_variables[0].value))


def _runtime() -> Any:
    """Return our module of the backend. Raise KeyError for a backend that is not known here."""
    package = _PACKAGES[keras.backend.backend()]
    return importlib.import_module(f"deeprig_host.training.{package}.runtime")
