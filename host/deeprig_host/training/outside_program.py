"""Programs of others that a case asks, where the machine has them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from typing import TypeVar

_TOLD = 200

Answer = TypeVar("Answer")


def is_there(program: str) -> bool:
    """Return whether the machine has it."""
    return shutil.which(program) is not None


def ask(command: tuple[str, ...], limit_seconds: float, read: Callable[[str], Answer]) -> Answer:
    """Run a program and read what it prints. Raise RuntimeError where it gives no answer.

    ``read`` raises ValueError, KeyError or TypeError for what is none. The exit code alone decides
    nothing: these programs end with another one for a finding too, and then print it.
    """
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=limit_seconds, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise RuntimeError(f"{command[0]}: {problem}") from problem
    try:
        return read(done.stdout)
    except (ValueError, KeyError, TypeError) as problem:
        said = " ".join((done.stdout + done.stderr).split())[:_TOLD]
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {said}") from problem
