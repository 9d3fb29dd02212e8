"""The ssh command that reaches a lab's host: its key, its known host key, nothing of the user's."""

from __future__ import annotations

from deeprig.errors import UsageProblem
from deeprig.lab.state import LOGIN_USER, LabHost, LabState

USERS = (LOGIN_USER, "root")


def ssh_command(
    state: LabState, host: LabHost, user: str = LOGIN_USER, command: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Return what to execute to log in, or to run a command there."""
    options = (
        *("ssh", "-F", "/dev/null", "-i", str(state.key), "-p", str(host.ssh_port)),
        *("-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes"),
        # ssh reads the value as a list of words (ssh_config(5)): a path may hold blanks.
        *("-o", f'UserKnownHostsFile="{state.known_hosts}"'),
    )
    return (*options, f"{user}@127.0.0.1", *command)


def asked_host(state: LabState, words: tuple[str, ...]) -> tuple[LabHost, tuple[str, ...]]:
    """Return the host that is asked for (the first without a name) and the command's words.

    Raise UsageProblem when the lab has no such host, or none at all.
    """
    if words:
        return state.host(words[0]), words[1:]
    if not state.hosts:
        raise UsageProblem("this lab has no host yet", remedy="run 'deeprig lab up'")
    return state.hosts[0], ()
