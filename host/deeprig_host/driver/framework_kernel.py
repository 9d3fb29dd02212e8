"""Run a kernel of a framework on the GPU, where the framework is there and built for CUDA.

Self-contained: its source is given to the Python of an environment, with the framework's name as
its argument. Prints one JSON object as its last line: ``kernel`` (None where the environment has
no such framework with CUDA), ``evidence`` and ``error``.
"""

import importlib
import importlib.util
import json
import os
import sys
from typing import Any

#: The sum of 0..1023 and of as many doubled and incremented.
_COUNT = 1024
_EXPECTED = float(sum(2 * number + 1 for number in range(_COUNT)))


def torch_kernel() -> Any:
    """Return result and device, None in a build without CUDA."""
    torch: Any = importlib.import_module("torch")
    if torch.version.cuda is None:
        return None
    found = [
        float((torch.arange(_COUNT, device=f"cuda:{n}", dtype=torch.float32) * 2 + 1).sum())
        for n in range(max(1, torch.cuda.device_count()))
    ]
    return found, f"torch {torch.__version__}, CUDA {torch.version.cuda}"


def tensorflow_kernel() -> Any:
    """Return result and device, None in a build without CUDA."""
    tensorflow: Any = importlib.import_module("tensorflow")
    if not tensorflow.test.is_built_with_cuda():
        return None
    gpus = tensorflow.config.list_logical_devices("GPU")
    if not gpus:
        raise RuntimeError("TensorFlow is built for CUDA and sees no GPU")
    found = []
    for gpu in gpus:
        with tensorflow.device(gpu.name):
            values = tensorflow.range(_COUNT, dtype=tensorflow.float32) * 2 + 1
            total = tensorflow.reduce_sum(values)
            if "GPU" not in total.device:
                raise RuntimeError(f"TensorFlow computed on {total.device}")
            found.append(float(total))
    return found, f"tensorflow {tensorflow.__version__}"


def jax_kernel() -> Any:
    """Return result and device, None where no CUDA plugin is installed."""
    plugins = ("jax_cuda13_plugin", "jax_cuda12_plugin", "jax_cuda11_plugin")
    if not any(importlib.util.find_spec(name) for name in plugins):
        return None
    jax: Any = importlib.import_module("jax")
    found = []
    for device in jax.devices("gpu"):
        values = jax.device_put(jax.numpy.arange(_COUNT, dtype="float32"), device)
        found.append(float((values * 2 + 1).sum()))
    return found, f"jax {jax.__version__}"


def cupy_kernel() -> Any:
    """Return result and device; CuPy is always built for a GPU."""
    cupy: Any = importlib.import_module("cupy")
    found = []
    for number in range(max(1, cupy.cuda.runtime.getDeviceCount())):
        with cupy.cuda.Device(number):
            found.append(float((cupy.arange(_COUNT, dtype=cupy.float32) * 2 + 1).sum()))
    return found, f"cupy {cupy.__version__}"


KERNELS = {
    "torch": torch_kernel,
    "tensorflow": tensorflow_kernel,
    "jax": jax_kernel,
    "cupy": cupy_kernel,
}


def run(name: str) -> dict[str, Any]:
    """Return what was found for a framework."""
    nothing: dict[str, Any] = {"kernel": None, "evidence": "", "error": None}
    if importlib.util.find_spec(name) is None:
        return nothing
    try:
        answer = KERNELS[name]()
    except Exception as error:  # noqa: BLE001 - whatever a broken framework raises is the finding
        told = " ".join(f"{type(error).__name__}: {error}".split())
        return {"kernel": name, "evidence": "", "error": told}
    if answer is None:
        return nothing
    found, told = answer
    wrong = [value for value in found if value != _EXPECTED]
    error_text = f"computed {wrong[0]}, expected {_EXPECTED}" if wrong else None
    evidence = f"{told}: right on each of {len(found)} GPUs"
    return {"kernel": name, "evidence": evidence, "error": error_text}


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    print(json.dumps(run(sys.argv[1])))  # noqa: T201 - its answer
