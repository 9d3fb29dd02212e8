"""What a repository needs to be reached, on the host: files that only root can read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr
from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.context import ctx_host
from pyinfra.facts.files import FindFiles
from pyinfra.operations import files

from deeprig.role import RoleContext
from deeprig.tasks.closed_files import Commands
from deeprig.tasks.secret_files import SecretFile, closed_file
from roles.backup import places
from roles.backup.repository import RepositorySettings
from roles.backup.settings import BackupSettings

DIRECTORY_MODE = "700"
_HEAD = "# Managed by deeprig (role backup): changes here are overwritten by the next apply.\n"


def place_secret_files(context: RoleContext[BackupSettings]) -> None:
    """Have every declared repository's files, before anything reads them."""
    files.directory(
        name="Make the directory of the backup's secrets",
        path=places.DIRECTORY,
        user="root",
        group="root",
        mode=DIRECTORY_MODE,
    )
    for file in secret_files(
        context.settings, context.network.environment(), context.lab_directory
    ):
        closed_file(name="Place what a repository needs to be reached", file=file)


def remove_other_files(context: RoleContext[BackupSettings]) -> None:
    """Remove what a repository that is declared no more had; its backups stay where they are."""
    wanted = secret_files(context.settings, {}, context.lab_directory)
    no_other_files(
        name="Remove what no declared repository needs", wanted=tuple(file.path for file in wanted)
    )


def secret_files(
    settings: BackupSettings, proxies: Mapping[str, str], lab: Path
) -> tuple[SecretFile, ...]:
    """Return every file that the declared repositories need."""
    return tuple(
        SecretFile(path, SecretStr(text))
        for name, one in settings.repositories.items()
        for path, text in _files_of(name, one, proxies, lab).items()
    )


def _files_of(
    name: str, one: RepositorySettings, proxies: Mapping[str, str], lab: Path
) -> dict[str, str]:
    found = {
        places.password(name): f"{one.password.get_secret_value()}\n",
        places.environment(name): _environment(one, proxies),
    }
    where = one.destination
    if one.ssh_key is not None and one.host_key is not None and where is not None:
        found[places.ssh_key(name)] = one.ssh_key.get_secret_value()
        found[places.known_hosts(name)] = f"{where.known_as} {one.host_key}\n"
    if one.ca_certificate is not None:
        found[places.ca(name)] = (lab / one.ca_certificate).read_text(encoding="utf-8")
    return found


def _environment(one: RepositorySettings, proxies: Mapping[str, str]) -> str:
    """Return what restic needs; the way out is here too, since a proxy may want a password."""
    where = one.destination
    told = dict(proxies) if where is not None and where.uses_tls else {}
    told |= {name: value.get_secret_value() for name, value in one.environment.items()}
    return _HEAD + "".join(f'{name}="{value}"\n' for name, value in told.items())


@operation()
def no_other_files(wanted: tuple[str, ...]) -> Commands:
    """Have no file beside those that are wanted in the directory of secrets."""
    host: Host = ctx_host.get()
    found = host.get_fact(FindFiles, path=places.DIRECTORY, maxdepth=1)
    others = sorted(set(found) - set(wanted))
    if not others:
        host.noop("there is no other file")
        return
    yield StringCommand("rm", "-f", "--", *(QuoteString(path) for path in others))
