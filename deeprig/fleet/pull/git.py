"""Git on the host, for the lab's repository alone: bounded in time, configured by us alone.

Nothing of this machine's git configuration, no hook, no program but ssh's own verification.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from deeprig.errors import HostUnreachable, UsageProblem

#: For what asks nobody.
LOCAL_SECONDS = 120
#: What git may fetch by; who proves the server is repository.py's business.
SCHEMES = ("https", "ssh", "file", "http")
#: A git that is told to end removes its lock files; one that is killed would leave them.
_TO_END_SECONDS = 10
_LAST_LINES = 5
#: A server from which nothing comes for so long is given up; a host that is lost, after three.
_SILENT_SECONDS, _ALIVE_SECONDS = 60, 20
_FIXED = (
    *("-c", "core.hooksPath=/dev/null", "-c", "gpg.format=ssh", "-c", "gpg.program=/bin/false"),
    *("-c", "gpg.x509.program=/bin/false", "-c", "protocol.allow=never", "-c", "gc.auto=0"),
    *(part for name in SCHEMES for part in ("-c", f"protocol.{name}.allow=always")),
    *("-c", "submodule.recurse=false", "-c", "advice.detachedHead=false"),
    *("-c", "http.lowSpeedLimit=1", "-c", f"http.lowSpeedTime={_SILENT_SECONDS}"),
)
_SSH = (
    "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=20"
    f" -o ServerAliveInterval={_ALIVE_SECONDS} -o ServerAliveCountMax=3"
)


@dataclass(frozen=True, slots=True)
class Done:
    """How git ended, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def said(self) -> str:
        """Its last words, on one line."""
        lines = [line for line in (self.stderr or self.stdout).splitlines() if line.strip()]
        return "; ".join(lines[-_LAST_LINES:]) or f"git exited {self.returncode}"


def run_git(lab: Path, words: tuple[str, ...], seconds: float) -> Done:
    """Run git in a directory. Raise UsageProblem where there is none, HostUnreachable when late.

    Then what it started is ended with it: git-remote-https and ssh wait for the server, not it.
    """
    # Files, and no pipes: what git leaves running may hold those open for ever.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                ("git", "-C", str(lab), *_FIXED, *words),
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,  # so that its children can be ended with it
            )
        except FileNotFoundError as error:
            raise UsageProblem(
                "git cannot be run", place="git", remedy="install it: apt-get install git"
            ) from error
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise HostUnreachable(
                f"git did not end within {seconds:g} s", place=str(lab)
            ) from error
        finally:
            _end(process)
        return Done(process.returncode, _text(output), _text(errors))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git and its children where it is late, or we are ended."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            return  # its number may be another's by now
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_TO_END_SECONDS)


def _environment() -> dict[str, str]:
    """Return git's environment: nobody to ask, no configuration but ours."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    fixed = {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_GLOBAL": "/dev/null", "LC_ALL": "C"}
    return inherited | fixed | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_SSH_COMMAND": _SSH}


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")
