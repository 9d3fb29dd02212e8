"""How clients come in over SSH: one key each, in files of root's, and one command."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

from pyinfra.api.host import Host
from pyinfra.context import ctx_host
from pyinfra.operations import files, server

from deeprig.role import RoleContext
from deeprig.tasks import changed
from deeprig.tasks.checked_files import CheckedFile, checked_files, rendered
from deeprig.tasks.left_undone import LastStart, SinceLastStart
from roles.backup_server.places import (
    KEY_DIRECTORY,
    SSHD_CONFIGURATION,
    SSHD_DIRECTORY,
    SSHD_FILE,
)
from roles.backup_server.secret_files import no_other_files
from roles.backup_server.settings import BackupServerSettings

SSHD = "ssh.service"
_CHECK = ("/usr/sbin/sshd", "-t", "-f", SSHD_FILE)
#: It moves when sshd reads its files again too (systemctl show; ExecReload).
_READ = "StateChangeTimestamp"


def let_clients_in(context: RoleContext[BackupServerSettings]) -> None:
    """Place the clients' keys, then what sshd lets them do, and have sshd read it."""
    settings = context.settings
    files.directory(name="Make the directory of keys", path=KEY_DIRECTORY, mode="755")
    for place in settings.ssh_places:
        key = settings.clients[place.client].public_key or ""
        files.put(
            name="Place a client's key",
            src=StringIO(place.key_line(key)),
            dest=place.key_file,
            user="root",
            group="root",
            mode="644",
        )
    text = rendered(context, SSHD_CONFIGURATION)
    placed = checked_files(
        name="Set what clients may do over SSH",
        directory=SSHD_DIRECTORY,
        wanted=(CheckedFile(SSHD_FILE, text),),
        check=_CHECK,
    )
    _have_sshd_read(changed(placed))


def lock_earlier_out(settings: BackupServerSettings) -> None:
    """Remove the keys of clients that are declared no more; their repositories stay."""
    no_other_files(
        name="Remove the keys of earlier clients",
        directory=KEY_DIRECTORY,
        wanted=tuple(place.key_file for place in settings.ssh_places),
    )
    if not settings.ssh_places:
        removed = files.file(
            name="Let nobody in over SSH any more", path=SSHD_CONFIGURATION, present=False
        )
        _have_sshd_read(changed(removed))


def _have_sshd_read(is_changed: Callable[[], bool]) -> None:
    """Have sshd read its files anew, also where an earlier run was cut before it did."""
    host: Host = ctx_host.get()

    def is_unread() -> bool:
        found: LastStart = host.get_fact(
            SinceLastStart, unit=SSHD, files=(SSHD_CONFIGURATION,), start=_READ
        )
        return is_changed() or (found.is_running and bool(found.newer))

    server.shell(
        name="Let sshd read what clients may do",
        # Where a socket starts it, it is not running and reads it when it is.
        commands=[f"systemctl try-reload-or-restart {SSHD}"],
        _if=is_unread,
    )
