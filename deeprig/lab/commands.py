"""Run a program and turn its failure into one clear message."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from deeprig.errors import DeeprigError

_LAST_LINES = 12


def run(command: Sequence[str], *, what: str) -> str:
    """Run a command and return its standard output.

    Raise DeeprigError, saying that ``what`` failed and how, when it does not exit 0.
    """
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-_LAST_LINES:])
        raise DeeprigError(f"{what} failed ({command[0]} exited {done.returncode}):\n{said}")
    return done.stdout
