"""Ask what a host is, and whether it can be verified: reachable, known, sudo without asking."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pyinfra.api.exceptions import FactProcessError

from deeprig.errors import Problem
from deeprig.facts import HostFacts, Machine
from deeprig.inventory.model import DeclaredHost
from deeprig.verify.ssh_config import ssh_config_text

_SSH_FAILED = 255
#: Said by the host once the connection and sudo are good, before its facts.
_REACHED = "@@deeprig:reached"
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


@dataclass(frozen=True, slots=True)
class Reach:
    """What one connection told: why checks cannot run (``problem``), or the machine's facts.

    Both are None where the host can be reached and its facts cannot be read: its checks say so.
    """

    problem: Problem | None = None
    facts: HostFacts | None = None


def reach(host: DeclaredHost, lab_directory: Path) -> Reach:
    """Connect once, as the checks will, and return what that told."""
    fact = Machine()
    may_become_root = "sudo -n true && " if host.needs_sudo else ""
    probe = shlex.join(["sh", "-c", f"{may_become_root}echo {_REACHED} && {fact.command()}"])
    with tempfile.TemporaryDirectory(prefix="deeprig-") as directory:
        config = Path(directory, "ssh_config")
        config.write_text(ssh_config_text(host, lab_directory, Path(directory)), encoding="utf-8")
        done = subprocess.run(
            ["ssh", "-F", str(config), "-o", "ConnectTimeout=10", host.name, probe],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    if _REACHED not in done.stdout.splitlines():
        return Reach(problem=ssh_problem(host, done.stderr.strip(), done.returncode))
    try:
        return Reach(facts=fact.process(done.stdout.splitlines()))
    except FactProcessError:
        return Reach()


def ssh_problem(host: DeclaredHost, said: str, exit_code: int) -> Problem:
    """Return what ssh's, or sudo's, last words mean and what to do; ``exit_code`` is ssh's."""
    for part, reason, remedy in _CAUSES:
        if part in said:
            return Problem(host.address, reason, remedy)
    kind = "no connection" if exit_code == _SSH_FAILED else "sudo does not work"
    return Problem(
        host.address,
        f"{kind} ({said.splitlines()[-1] if said else f'exit {exit_code}'})",
        "is it on, on the network, and is sshd listening? Check ssh_hostname and ssh_port",
    )
