"""The clients' users on the server, and their directories: each reads his own repository only."""

from __future__ import annotations

from pyinfra.operations import files, server

from roles.backup_server.places import REST, REST_USER
from roles.backup_server.settings import BackupServerSettings

_NO_SHELL = "/usr/sbin/nologin"


def place_accounts(settings: BackupServerSettings) -> None:
    """Have a user and a directory for each client. Those of earlier ones stay, with their data."""
    files.directory(
        name="Make the directory of all repositories",
        path=settings.directory,
        user="root",
        group="root",
        mode="755",
    )
    for place in settings.ssh_places:
        _user(place.user, place.home, place.shell)
        # Not the client's: sshd wants it so for sftp, and no ~/.ssh or ~/.profile can be there.
        _directory(place.home, "root", place.user, "750")
        _directory(place.repository, place.user, place.user, "700")
    if settings.rest is not None:
        home = f"{settings.directory}/{REST}"
        _user(REST_USER, home, _NO_SHELL)
        _directory(home, REST_USER, REST_USER, "700")


def _user(name: str, home: str, shell: str) -> None:
    server.user(
        name="Have a client's user",
        user=name,
        home=home,
        shell=shell,
        system=True,
        ensure_home=False,
        create_home=False,
    )


def _directory(path: str, user: str, group: str, mode: str) -> None:
    files.directory(name="Make a client's directory", path=path, user=user, group=group, mode=mode)
