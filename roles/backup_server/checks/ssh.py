"""Over SSH each client has its key and its command, by sshd's own word, and nothing else."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest

from deeprig.verify.checks import Checks
from roles.backup_server.places import KEY_DIRECTORY, Place
from roles.backup_server.settings import BackupServerSettings
from roles.backup_server.ssh import SSHD

#: What sshd says of a client (sshd -T -C): what it cannot do, and as whom nobody comes in.
_WANTED = {
    "authorizedkeyscommand": "none",
    "authenticationmethods": "publickey",
    "passwordauthentication": "no",
    "kbdinteractiveauthentication": "no",
    "disableforwarding": "yes",
    "allowtcpforwarding": "no",
    "allowagentforwarding": "no",
    "x11forwarding": "no",
    "permittunnel": "no",
    "permittty": "no",
    "permituserrc": "no",
}


def test_each_client_has_its_one_key(
    host: Any, settings: BackupServerSettings, check: Checks
) -> None:
    """Its key is the declared one, with its one command, and only root can change that."""
    if not settings.clients:
        pytest.skip("it keeps no repositories")
    for place in settings.ssh_places:
        key = settings.clients[place.client].public_key or ""
        file = host.file(place.key_file)
        there = file.content_string if file.exists else None
        told = "as declared" if there == place.key_line(key) else f"{place.key_file}: {there!r}"
        check(f"{place.client} has its key", there == place.key_line(key), told)
        _check_owner(check, f"{place.client}'s key is root's", file, "root", "root", 0o644)
    wanted = {place.key_file for place in settings.ssh_places}
    found = set(host.run("find %s -type f", KEY_DIRECTORY).stdout.split())
    others = ", ".join(sorted(found - wanted)) or "no others"
    check("nobody else has a key", found <= wanted, others)


def test_a_key_opens_one_command(host: Any, settings: BackupServerSettings, check: Checks) -> None:
    """Sshd itself says what each client's user may do: its command, no shell, no forwarding."""
    if not settings.ssh_places:
        pytest.skip("no client comes in over SSH")
    for place in settings.ssh_places:
        asked = f"user={place.user},host=client,addr=192.0.2.1"
        done = host.run("/usr/sbin/sshd -T -C %s", asked)
        if done.rc != 0:
            check(f"what {place.client} can do", None, done.stderr.strip())
            continue
        lines = [line.partition(" ")[::2] for line in done.stdout.splitlines()]
        faults = [*_differences(dict(lines), place), *_left_out(lines, place)]
        told = "; ".join(faults) or f"only {place.command}"
        check(f"{place.client} can do one thing", not faults, told)
    started = host.run("systemctl is-active %s ssh.socket", SSHD).stdout.split()
    check("sshd is at work", "active" in started, " ".join(started))


def test_each_client_has_its_own_repository(
    host: Any, settings: BackupServerSettings, check: Checks
) -> None:
    """No client's user reads another's, and sftp's root is root's up to the disk's own."""
    if not settings.clients:
        pytest.skip("it keeps no repositories")
    for place in settings.ssh_places:
        owner = place.user
        repository = host.file(place.repository)
        _check_owner(check, f"{place.client}'s repository", repository, owner, owner, 0o700)
        home = host.file(place.home)
        _check_owner(check, f"{place.client}'s directory", home, "root", owner, 0o750)
    loose = host.run(
        'p=%s; while [ "$p" != / ]; do find "$p" -maxdepth 0 ! -type l '
        '\\( ! -user root -o -perm /022 \\); p=$(dirname "$p"); done',
        settings.directory,
    ).stdout.split()
    told = f"{', '.join(loose)} can be changed by others" if loose else "as sshd wants it"
    check("the way to the repositories is root's", not loose, told)


def _differences(said: dict[str, str], place: Place) -> list[str]:
    wanted = _WANTED | {"authorizedkeysfile": place.key_file, "forcecommand": place.command}
    wanted["chrootdirectory"] = place.home if place.access == "sftp" else "none"
    return [
        f"{name} is {said.get(name, 'unknown')}, not {value}"
        for name, value in wanted.items()
        if said.get(name, "unknown").lower() != value.lower()
    ]


def _left_out(lines: list[tuple[str, str]], place: Place) -> list[str]:
    """Return what keeps a client out that is let in otherwise (sshd_config(5), AllowUsers)."""
    faults = []
    # Each client's group has its user's name.
    for word in ("allowusers", "allowgroups", "denyusers", "denygroups"):
        patterns = [value.partition("@")[0] for name, value in lines if name == word]
        is_named = any(fnmatchcase(place.user, pattern) for pattern in patterns)
        if patterns and is_named != word.startswith("allow"):
            faults.append(f"{word} keeps {place.user} out: {', '.join(patterns)}")
    return faults


def _check_owner(check: Checks, what: str, file: Any, user: str, group: str, mode: int) -> None:
    if not file.exists:
        check(what, False, f"{file.path} is not there")
        return
    found = f"{file.user}:{file.group} {file.mode:o}"
    check(what, found == f"{user}:{group} {mode:o}", f"{file.path} is {found}")
