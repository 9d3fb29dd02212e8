"""Which of a machine's backups survive that somebody takes the machine over, with its secrets."""

from __future__ import annotations

from collections.abc import Generator
from typing import Literal

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import ctx_host

from deeprig.engine.remarks import explain
from roles.backup.repository import RepositorySettings
from roles.backup.settings import BackupSettings

#: 'server': what its server lets the machine do is not known here.
Protection = Literal["append-only", "none", "server"]


def protection_of(one: RepositorySettings) -> Protection:
    """Say what keeps a machine from deleting its own backups."""
    where = one.destination
    if where is None or where.uses_tls:
        return "server"
    return "append-only" if where.kind == "rclone+ssh" else "none"


def remark_on(settings: BackupSettings) -> str:
    """Return what is to be told of a declaration; empty where there is nothing."""
    found = [protection_of(one) for one in settings.repositories.values()]
    if "append-only" in found:
        return ""
    if "server" in found:
        return (
            "whether this machine can delete its backups is for the servers to decide: have one "
            "that only takes more (an append-only REST server, a bucket with object lock)"
        )
    return (
        "this machine can delete every one of its backups, and so can whoever takes it over: have "
        "one through rclone+ssh, or on a server of the role backup_server"
    )


@operation()
def tell_protection(settings: BackupSettings) -> Generator[StringCommand, None, None]:
    """Say in the plan and the report where no backup is safe from the machine itself."""
    remark = remark_on(settings)
    if remark:
        explain(remark)
    ctx_host.get().noop("nothing to change: it only tells")
    yield from ()
