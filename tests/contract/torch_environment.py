"""A real environment with PyTorch, made once and kept: about 1 GB.

It lies in ``~/.cache/deeprig/test-venvs``, or in the directory in ``DEEPRIG_TEST_TORCH_VENV``.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

TORCH = "2.13.0"
#: PyTorch's own log writer needs tensorboard, its exporter of ONNX the rest.
_PACKAGES = (
    f"torch=={TORCH}",
    "numpy",
    "scikit-learn",
    "tensorboard",
    "onnx",
    "onnxscript",
    "onnxruntime",
)
_PROBE = (
    "import torch, numpy, sklearn, tensorboard, onnx, onnxscript, onnxruntime;"
    "print(torch.__version__.split('+')[0])"
)
_DEFAULT = Path.home() / f".cache/deeprig/test-venvs/torch-{TORCH}"


def make_torch_environment():
    """Return the Python of the environment; make what is not there yet."""
    directory = Path(os.environ.get("DEEPRIG_TEST_TORCH_VENV", _DEFAULT))
    directory.parent.mkdir(parents=True, exist_ok=True)
    python = directory / "bin/python"
    with (directory.parent / f"{directory.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # parallel test runs make it once
        if not _is_whole(python):
            # The machines this is built on have PyTorch's CPU wheel for Python 3.11 alone.
            base = shutil.which("python3.11") or sys.executable
            # Without --clear: another run may be training in an environment that lacks a package.
            check_call(base, "-m", "venv", directory)
            check_call(python, "-m", "pip", "install", "-q", *_PACKAGES)
        assert _is_whole(python), f"{directory} has no PyTorch {TORCH} with all that tests need"
    return python


def check_call(*command):
    """Run a command that must succeed."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=1200, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _is_whole(python):
    if not python.exists():
        return False
    done = subprocess.run([python, "-c", _PROBE], capture_output=True, text=True, check=False)
    return done.returncode == 0 and done.stdout.strip() == TORCH
