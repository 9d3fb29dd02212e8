"""Run programs: one that ends, with its failure as one clear message; one that outlives us."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from deeprig.errors import DeeprigError

_LAST_LINES = 12


def run(command: Sequence[str], *, what: str, environment: dict[str, str] | None = None) -> str:
    """Run a command and return its standard output.

    Raise DeeprigError, saying that ``what`` failed and how, when it does not exit 0.
    """
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env=os.environ | (environment or {}),
    )
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-_LAST_LINES:])
        raise DeeprigError(f"{what} failed ({command[0]} exited {done.returncode}):\n{said}")
    return done.stdout


def inside(cgroup: Path, command: Sequence[str]) -> tuple[str, ...]:
    """Return the command that enters the cgroup and then becomes ``command``."""
    entering = 'echo $$ > "$0" && exec "$@"'
    return ("sh", "-c", entering, str(cgroup / "cgroup.procs"), *command)


def launch(
    cgroup: Path, command: Sequence[str], log: BinaryIO, *, directory: Path | None = None
) -> None:
    """Start a program that outlives this process, in the cgroup and in a session of its own.

    When this returns the program is in the cgroup, or has ended already.
    """
    done = subprocess.run(
        inside(cgroup, ("setsid", "--fork", *command)),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        check=False,
        cwd=directory,
    )
    if done.returncode != 0:
        raise DeeprigError(f"{command[0]} could not be started", place=str(log.name))
