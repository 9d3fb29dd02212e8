"""Ask whether a host can be verified at all: reachable, its identity known, sudo without asking."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from deeprig.errors import Problem
from deeprig.inventory.model import DeclaredHost
from deeprig.verify.ssh_config import ssh_config_text

_SSH_FAILED = 255
#: Part of ssh's or sudo's message, what it means, what to do.
_CAUSES: tuple[tuple[str, str, str], ...] = (
    (
        "HOST IDENTIFICATION HAS CHANGED",
        "its SSH host key has changed",
        "if the machine was reinstalled, remove the old key with ssh-keygen -R; "
        "otherwise somebody is in between",
    ),
    ("Host key verification failed", "its SSH host key is not known", "add it to known_hosts"),
    ("Permission denied", "it refused the login", "check ssh_user and ssh_key"),
    (
        "Could not resolve hostname",
        "its name has no address",
        "set ssh_hostname, or mend the name in DNS or /etc/hosts",
    ),
    (
        "sudo",
        "sudo asks for a password, which the checks cannot give",
        "give the login user sudo without password (base.users: sudo = 'nopasswd')",
    ),
)


def unreachable_reason(host: DeclaredHost, lab_directory: Path) -> Problem | None:
    """Return why the host's checks cannot run, or None when they can."""
    with tempfile.TemporaryDirectory(prefix="deeprig-") as directory:
        config = Path(directory, "ssh_config")
        config.write_text(ssh_config_text(host, lab_directory, Path(directory)), encoding="utf-8")
        probe = "sudo -n true" if host.needs_sudo else "true"
        done = subprocess.run(
            ["ssh", "-F", str(config), "-o", "ConnectTimeout=10", host.name, probe],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    if done.returncode == 0:
        return None
    said = done.stderr.strip()
    for part, reason, remedy in _CAUSES:
        if part in said:
            return Problem(host.address, reason, remedy)
    kind = "no connection" if done.returncode == _SSH_FAILED else "sudo does not work"
    return Problem(
        host.address,
        f"{kind} ({said.splitlines()[-1] if said else f'exit {done.returncode}'})",
        "is it on, on the network, and is sshd listening? Check ssh_hostname and ssh_port",
    )
