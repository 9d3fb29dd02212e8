"""Real environments with Keras, TensorFlow and JAX, made once and kept beside PyTorch's.

Keras on PyTorch is in PyTorch's own environment (10 MB more). TensorFlow takes 1.9 GB, JAX 0.9 GB,
and 0.7 GB without what others add: only full runs make them. ``DEEPRIG_TEST_TENSORFLOW_VENV``,
``DEEPRIG_TEST_JAX_VENV`` and ``DEEPRIG_TEST_BARE_JAX_VENV`` name other places.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.contract.torch_environment import check_call, make_torch_environment

KERAS = "3.15.1"
_CACHE = Path.home() / ".cache/deeprig/test-venvs"


@dataclass(frozen=True)
class Environment:
    """An environment: its directory's name, what pip installs, and what must be importable."""

    name: str
    packages: tuple
    modules: tuple

    def make(self):
        """Return its Python; make what is not there yet."""
        variable = f"DEEPRIG_TEST_{self.name.upper()}_VENV"
        directory = Path(os.environ.get(variable, _CACHE / self.name))
        directory.parent.mkdir(parents=True, exist_ok=True)
        python = directory / "bin/python"
        with _locked(directory):
            if not self._is_whole(python):
                base = shutil.which("python3.11") or sys.executable
                check_call(base, "-m", "venv", directory)
                check_call(python, "-m", "pip", "install", "-q", *self.packages)
            assert self._is_whole(python), f"{directory} lacks one of {self.modules}"
        return python

    def _is_whole(self, python):
        return python.exists() and _imports(python, self.modules)


TENSORFLOW = Environment(
    "tensorflow",
    (
        "tensorflow-cpu==2.21.*",
        f"keras=={KERAS}",
        "scikit-learn",
        "tensorboard",
        "tf2onnx",
        "onnxruntime",
    ),
    ("tensorflow", "keras", "sklearn", "tensorboard", "tf2onnx", "onnx", "onnxruntime"),
)
JAX = Environment(
    "jax",
    ("jax[cpu]==0.10.*", "optax", "flatbuffers", f"keras=={KERAS}", "scikit-learn", "tensorboard"),
    ("jax", "optax", "flatbuffers", "keras", "sklearn", "tensorboard"),
)
#: What JAX itself brings, and the digits: no optax, no flatbuffers, no TensorBoard.
BARE_JAX = Environment("bare_jax", ("jax[cpu]==0.10.*", "scikit-learn"), ("jax", "sklearn"))


def make_keras_on_torch():
    """Return the Python of PyTorch's environment, with Keras in it."""
    python = make_torch_environment()
    with _locked(python.parents[1]):
        if not _imports(python, ("keras",)):
            check_call(python, "-m", "pip", "install", "-q", f"keras=={KERAS}")
    return python


def _locked(directory):
    """Open a lock that only one test run has at a time; closing it lets go."""
    lock = (directory.parent / f"{directory.name}.lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _imports(python, modules):
    """Say whether all are there, without importing them: that takes seconds each."""
    probe = f"import importlib.util as u; assert all(map(u.find_spec, {modules!r}))"
    done = subprocess.run([python, "-c", probe], capture_output=True, check=False)
    return done.returncode == 0
