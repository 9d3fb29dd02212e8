"""Take a host out of service and back in: its own command, on the controller or on the host."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import IO

from deeprig.inventory.load import Lab
from deeprig.inventory.model import DeclaredHost
from deeprig.masking import Masker
from deeprig.verify.ssh_config import ssh_config_text

#: Of what a command printed, what a reason needs.
_LONGEST_TOLD = 300
_READ_BYTES = 16384


def run_command(lab: Lab, host: DeclaredHost, command: str, rollout: str) -> str | None:
    """Run a host's command. Return why it failed, None when it exited 0.

    After its time, and where it is not waited for any longer, its whole process group is killed.
    What it leaves in the background when it exits is left alone, and not waited for.
    """
    drain = host.settings.waves.drain
    known = {
        "DEEPRIG_HOST": host.name,
        "DEEPRIG_ADDRESS": host.settings.ssh_hostname or host.name,
        "DEEPRIG_ROLLOUT": rollout,
    }
    # A file, and no pipe: what the command leaves running may hold that open for ever.
    with (
        tempfile.TemporaryDirectory(prefix="deeprig-") as directory,
        tempfile.TemporaryFile() as output,
    ):
        words = ["sh", "-c", command]
        if drain.where == "host":
            words = _over_ssh(lab, host, command, known, Path(directory))
        code = _exit_code(words, lab.directory, known, output, drain.timeout_seconds)
        if code is None:
            return f"it did not end within {drain.timeout_seconds} s"
        if code == 0:
            return None
        masker = Masker.of(host.settings, *host.role_settings.values())
        last = masker(_last_words(output))[-_LONGEST_TOLD:]
    return f"exit {code}" + (f": {last}" if last else "")


def _exit_code(
    words: list[str], directory: Path, known: dict[str, str], output: IO[bytes], seconds: float
) -> int | None:
    """Return how a program ended, None when it was ended because its time was over."""
    process = subprocess.Popen(
        words,
        cwd=directory,
        env=os.environ | known,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.returncode is None:  # else its number may be another's by now
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _last_words(output: IO[bytes]) -> str:
    """Return the end of what was printed, in one line, and more of it than is told."""
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _READ_BYTES))
    return " ".join(output.read().decode("utf-8", "replace").split())


def _over_ssh(
    lab: Lab, host: DeclaredHost, command: str, known: dict[str, str], directory: Path
) -> list[str]:
    config = directory / "ssh_config"
    config.write_text(ssh_config_text(host, lab.directory, directory), encoding="utf-8")
    told = " ".join(f"{name}={shlex.quote(value)}" for name, value in known.items())
    sudo = "sudo -n " if host.needs_sudo else ""
    line = f"{sudo}env {told} sh -c {shlex.quote(command)}"
    return ["ssh", "-F", str(config), "-o", "ConnectTimeout=10", host.name, line]
