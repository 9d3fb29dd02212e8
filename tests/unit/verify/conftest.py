"""``deeprig verify`` run whole, against this very machine: only ``ssh`` is simulated.

The simulated ssh runs the command it is given here, so reach, session, testinfra, plugin and
recorder are the real ones.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
_SSH = """#!/bin/sh
# ssh of a unit test: runs the last argument here. "down" does not answer, "odd" answers nonsense.
case " $* " in
  *" -O exit "*) exit 0 ;;
  *" down "*) echo "ssh: connect to host down port 22: No route to host" >&2; exit 255 ;;
  *" odd "*) echo "@@deeprig:reached"; echo "@@deeprig:kernel"; exit 0 ;;
esac
for last; do :; done
exec sh -c "$last"
"""
_ROLE = """
from pyinfra.api.deploy import deploy
from deeprig.role import Role, RoleSettings

@deploy("probe")
def tasks(context):
    pass

ROLE = Role(name="probe", settings=RoleSettings, deploy=tasks)
"""


class VerifyBench:
    """A lab directory with one role of its own, ``probe``, whose checks a test writes."""

    def __init__(self, lab, directory: Path) -> None:
        self.lab = lab
        self.directory = directory
        ssh = directory / "bin" / "ssh"
        ssh.parent.mkdir(parents=True)
        ssh.write_text(_SSH)
        ssh.chmod(0o755)
        lab.write("roles/probe/__init__.py", _ROLE)
        lab.data('ssh_user = "root"\nroles = ["probe"]\n')

    def checks(self, text: str) -> None:
        self.lab.write("roles/probe/verify.py", text)

    def start(self, *arguments: str, **options) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "deeprig", "verify"),
                *("-i", str(self.lab.inventory), *arguments),
            ],
            **{
                "stdout": subprocess.PIPE,
                "stderr": subprocess.PIPE,
                "text": True,
                "cwd": self.directory,
                "env": os.environ
                | {
                    "PATH": f"{self.directory / 'bin'}:{os.environ['PATH']}",
                    "PYTHONPATH": str(ROOT),
                },
            }
            | options,
        )

    def run(self, *arguments: str, code: int, **options) -> subprocess.CompletedProcess[str]:
        """Run ``deeprig verify`` to its end and check its exit code."""
        process = self.start(*arguments, **options)
        out, errors = process.communicate(timeout=120)
        assert process.returncode == code, f"exit {process.returncode}\n{out}\n{errors}"
        assert "Traceback" not in errors, errors
        return subprocess.CompletedProcess(process.args, code, out, errors)

    def json(self, *arguments: str, code: int):
        return json.loads(self.run("--json", *arguments, code=code).stdout)

    def interrupt_when(self, sign: Path, *arguments: str) -> tuple[int, str, str]:
        """Run, press Ctrl-C once the file is there, and return exit code, output and errors."""
        process = self.start("--json", *arguments)
        until = time.monotonic() + 60
        while not sign.exists():
            assert time.monotonic() < until, "the checks did not start"
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
        return process.returncode, out, errors

    def reports(self) -> list[Path]:
        return sorted((self.lab.directory / "reports").glob("*.json"))


@pytest.fixture
def bench(lab, tmp_path):
    return VerifyBench(lab, tmp_path / "bench")
