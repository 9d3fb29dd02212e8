"""Files with secrets on the server, and those of earlier declarations removed."""

from __future__ import annotations

from pydantic import SecretStr
from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.host import Host
from pyinfra.api.operation import OperationMeta, operation
from pyinfra.context import ctx_host
from pyinfra.operations import files

from deeprig.tasks.closed_files import Commands
from deeprig.tasks.secret_files import SecretFile, closed_file
from roles.backup_server.facts import FilesIn
from roles.backup_server.places import (
    CERTIFICATE,
    CONFIGURATION,
    DIRECTORY,
    HTPASSWD,
    REST_USER,
    TLS_KEY,
)
from roles.backup_server.settings import BackupServerSettings


def place_secret_files(settings: BackupServerSettings) -> tuple[OperationMeta, ...]:
    """Have every file with a secret; return the operations of those that the REST server reads."""
    files.directory(name="Make the directory of the backup server", path=DIRECTORY, mode="755")
    for file in password_files(settings):
        closed_file(name="Place what pruning needs", file=file)
    return tuple(
        closed_file(name="Place what the REST server needs", file=file)
        for file in rest_files(settings)
    )


def password_files(settings: BackupServerSettings) -> tuple[SecretFile, ...]:
    """Return the files with which the server opens repositories to prune them."""
    return tuple(
        SecretFile(settings.place(name).password_file, SecretStr(f"{password}\n"))
        for name, client in settings.pruned.items()
        if client.prune and (password := client.prune.password.get_secret_value())
    )


def rest_files(settings: BackupServerSettings) -> tuple[SecretFile, ...]:
    """Return who may come in to the REST server, and its key."""
    if settings.rest is None:
        return ()
    lines = "".join(
        f"{place.client}:{given.get_secret_value()}\n"
        for place in settings.rest_places
        if (given := settings.clients[place.client].password_hash)
    )
    found = [SecretFile(HTPASSWD, SecretStr(lines))]
    tls = settings.rest.tls
    if tls is not None:
        text = tls.certificate.read_text(encoding="utf-8")
        found.append(SecretFile(CERTIFICATE, SecretStr(text), REST_USER))
        found.append(SecretFile(TLS_KEY, tls.key, REST_USER))
    return tuple(found)


def remove_other_files(settings: BackupServerSettings) -> None:
    """Remove what nobody who is declared needs; repositories stay where they are."""
    wanted = {file.path for file in (*password_files(settings), *rest_files(settings))}
    if settings.clients:
        wanted.add(CONFIGURATION)
    no_other_files(
        name="Remove what an earlier client needed", directory=DIRECTORY, wanted=tuple(wanted)
    )


@operation()
def no_other_files(directory: str, wanted: tuple[str, ...]) -> Commands:
    """Have no file beside those that are wanted directly in a directory."""
    host: Host = ctx_host.get()
    others = [p for p in host.get_fact(FilesIn, directory=directory) if p not in wanted]
    if not others:
        host.noop("there is no other file")
        return
    yield StringCommand("rm", "-f", "--", *(QuoteString(path) for path in others))
