"""``Match exec`` of an SSH configuration, asked so that gevent's loop goes on."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Answer:
    """What paramiko looks at of a command that ended."""

    ok: bool


class _Shell:
    """Stands in paramiko in the place of its library for commands, invoke.

    invoke reads a command's output in threads of its own, with calls that gevent makes
    non-blocking: every ``Match exec`` ended with BlockingIOError, and so did the run.
    """

    @staticmethod
    def run(command: str, hide: str = "", warn: bool = False) -> _Answer:
        """Run a command as ssh does: by the user's shell, without input, its output dropped."""
        shell = os.environ.get("SHELL") or "/bin/sh"
        try:
            done = subprocess.run(
                [shell, "-c", command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                check=False,
            )
        except OSError:
            return _Answer(ok=False)  # no such shell: ssh takes this as a command that failed
        return _Answer(ok=done.returncode == 0)


def answer_match_exec() -> None:
    """Have paramiko ask ``Match exec`` here. Call it before an SSH configuration is looked into."""
    from paramiko import config

    setattr(config, "invoke", _Shell)  # noqa: B010 - the type checker knows only the module
