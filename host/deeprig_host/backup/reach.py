"""The options with which restic reaches a repository elsewhere: whose key, and which server.

ssh(1) is told everything on its command line: no file of root's, no agent and no host key that was
not declared have a say, and it never asks anybody anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from deeprig_host.backup.closed_files import check_closed
from deeprig_host.backup.declared import Repository
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

SFTP, RCLONE = "sftp:", "rclone+ssh:"
_SSH_PORT = 22
_USER = r"(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9_.-]*)@)?"
#: A name or an address; one that begins with a dash would be an option of ssh's.
_HOST = r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_][A-Za-z0-9_.-]*)"
_PORT = r"(?::(?P<port>[1-9]\d{0,4}))?"
_RCLONE_URL = re.compile(rf"rclone\+ssh://{_USER}{_HOST}{_PORT}/?")
_SFTP_URL = re.compile(rf"sftp://{_USER}{_HOST}{_PORT}/.+")
#: The short form, as scp(1) has it.
_SFTP_PLACE = re.compile(rf"sftp:(?!//){_USER}{_HOST}:.+")
#: A network that swallows packets ends a backup, it does not hold it for ever (ssh_config(5)).
_SSH_OPTIONS = (
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "BatchMode=yes",
    "PreferredAuthentications=publickey",
    "StrictHostKeyChecking=yes",
    "GlobalKnownHostsFile=/dev/null",
    "UpdateHostKeys=no",
    "ClearAllForwardings=yes",
    "ConnectTimeout=30",
    "ServerAliveInterval=30",
    "ServerAliveCountMax=6",
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where ssh goes: ``user`` is empty for root's own name."""

    user: str
    host: str
    port: int = _SSH_PORT


def uses_ssh(url: str) -> bool:
    """Say whether a repository is reached over SSH."""
    return url.startswith((SFTP, RCLONE))


def ssh_target(url: str) -> Target | None:
    """Return where a URL over SSH leads, None where it cannot be read."""
    for form in (_RCLONE_URL, _SFTP_URL, _SFTP_PLACE):
        found = form.fullmatch(url)
        if found:
            port = int(found.groupdict().get("port") or _SSH_PORT)
            return Target(found["user"] or "", found["host"].strip("[]"), port)
    return None


def restic_url(url: str) -> str:
    """Return a URL as restic has it: with rclone over SSH the server says which repository."""
    return "rclone:" if url.startswith(RCLONE) else url


def reach_words(machine: Machine, repository: Repository) -> tuple[str, ...]:
    """Return restic's global options for a repository. Raise Refused where a file is not there."""
    words: tuple[str, ...] = ()
    if repository.ca_file:
        words = ("--cacert", _there(machine, repository.ca_file))
    if not uses_ssh(repository.url):
        return words
    ssh = _ssh(machine, repository)
    if repository.url.startswith(RCLONE):
        return (*words, "-o", f"rclone.program={ssh}")
    return (*words, "-o", f"sftp.command={ssh} -s sftp")


def _ssh(machine: Machine, repository: Repository) -> str:
    """Return the command line of ssh; restic splits it at blanks."""
    target = ssh_target(repository.url)
    if target is None:
        raise Refused(f"{repository.url} names no server", remedy="give user@host in url")
    check_closed(machine, repository.ssh_key_file)
    known = _there(machine, repository.known_hosts_file)
    given = ("-F", "none", "-T", "-p", str(target.port))
    keys = ("-i", str(machine.path(repository.ssh_key_file)), "-o", f"UserKnownHostsFile={known}")
    options = (word for option in _SSH_OPTIONS for word in ("-o", option))
    place = f"{target.user}@{target.host}" if target.user else target.host
    return " ".join(("ssh", *given, *keys, *options, place))


def _there(machine: Machine, place: str) -> str:
    path = machine.path(place)
    if not path.is_file():
        raise Refused(f"{place} is not there", remedy="`deeprig apply --role backup` places it")
    return str(path)
