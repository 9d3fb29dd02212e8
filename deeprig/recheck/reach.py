"""The OpenSSH command that reaches a host just as pyinfra does, where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: What OpenSSH is told as well, one by one: pyinfra's words for it.
_TOLD = frozenset(
    ("ssh_hostname", "ssh_port", "ssh_user", "ssh_key", "ssh_config_file", "ssh_known_hosts_file")
)
#: They change nothing of who is reached, and as whom.
_WITHOUT_EFFECT = frozenset(
    (
        *("ssh_connect_retries", "ssh_connect_retry_min_delay", "ssh_connect_retry_max_delay"),
        *("ssh_file_transfer_protocol", "ssh_strict_host_key_checking"),
    )
)
#: No terminal, nothing forwarded, nobody asked; a host whose key is not known is none we ask; a
#: connection that is open is used, none is left open.
_OPTIONS = (
    *("-T", "-a", "-x", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"),
    *("-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=4"),
    *("-o", "ClearAllForwardings=yes", "-o", "PermitLocalCommand=no", "-o", "ControlMaster=no"),
    *("-o", "ControlPersist=no", "-o", "UpdateHostKeys=no", "-o", "LogLevel=ERROR"),
)


def ssh_words(name: str, data: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the command up to what runs on the host; None where OpenSSH cannot be told the same.

    ``data`` is pyinfra's host data; with a password, or arguments for paramiko, there is none.
    """
    given = {key: value for key, value in data.items() if key.startswith("ssh_")}
    defaults = {"ssh_allow_agent": True, "ssh_look_for_keys": True, "ssh_forward_agent": False}
    others = set(given) - _TOLD - _WITHOUT_EFFECT
    if any(given[key] != defaults.get(key) and given[key] is not None for key in others):
        return None
    target = str(given.get("ssh_hostname") or name)
    if target.startswith("-"):
        return None
    words = ["ssh", "-F", str(config_file(data))]
    for option, key in (("-p", "ssh_port"), ("-l", "ssh_user"), ("-i", "ssh_key")):
        if given.get(key) is not None:
            words += [option, str(given[key])]
    if given.get("ssh_known_hosts_file") is not None:
        known = str(given["ssh_known_hosts_file"])
        if any(letter in known for letter in " \"'%~$\\"):  # OpenSSH would read them its own way
            return None
        words += ["-o", f"UserKnownHostsFile={known}"]
    return (*words, *_OPTIONS, "--", target)


def config_file(data: Mapping[str, Any]) -> Path | str:
    """Return the OpenSSH configuration that counts; ``none`` where there is none."""
    given = data.get("ssh_config_file")
    path = Path(str(given)) if given else Path.home() / ".ssh" / "config"
    return path if path.exists() else "none"
