"""Tasks of the backup role."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pyinfra.api.deploy import deploy
from pyinfra.api.host import Host
from pyinfra.context import ctx_host
from pyinfra.facts.files import Directory
from pyinfra.operations import files

from deeprig.role import RoleContext
from deeprig.tasks import install_packages
from deeprig.tasks.checked_files import STAGED, CheckedFile, checked_files, rendered
from deeprig.tasks.host_environment import place_host_environment
from deeprig.tasks.lab_hosts import hosts_with_role
from roles.backup import places
from roles.backup.protection import tell_protection
from roles.backup.resolving import needs_servers, resolved
from roles.backup.schedule import remove_cron, remove_timer, schedule
from roles.backup.secret_files import place_secret_files, remove_other_files
from roles.backup.settings import BackupSettings


@deploy("backup")
def deploy_backup(context: RoleContext[BackupSettings]) -> None:
    """Have the host backed up as declared; where nothing is, nothing of an earlier one stays."""
    if not context.settings.repositories:
        remove_backup()
        return
    context = replace(context, settings=_resolved(context))
    tell_protection(name="See which backups are safe from the machine", settings=context.settings)
    place_host_environment(context)
    install_packages(needed_packages(context.settings))
    place_secret_files(context)
    _configure(context)
    schedule(context)
    remove_other_files(context)


def _resolved(context: RoleContext[BackupSettings]) -> BackupSettings:
    settings = context.settings
    servers = hosts_with_role(context, "backup_server") if needs_servers(settings) else ()
    return resolved(settings, context.host_name, context.settings_of, servers)


def needed_packages(settings: BackupSettings) -> tuple[str, ...]:
    """Return the packages that do the declared work."""
    places_of = [one.destination for one in settings.repositories.values()]
    needed = {
        "restic": True,
        "cron": settings.schedule == "cron",
        "openssh-client": any(where is not None and where.uses_ssh for where in places_of),
        "ca-certificates": any(where is not None and where.uses_tls for where in places_of),
    }
    return tuple(name for name, is_needed in needed.items() if is_needed)


def remove_backup() -> None:
    """Take away what this role placed; the backups stay, and what is known of each."""
    remove_cron()
    remove_timer()
    for path in (places.CONFIGURATION, places.SUMMARY):
        files.file(name="Remove what says what is backed up", path=path, present=False)
    files.directory(
        name="Remove the backup's secrets",
        path=places.DIRECTORY,
        present=False,
        _if=_is_there(places.DIRECTORY),
    )


def _configure(context: RoleContext[BackupSettings]) -> None:
    directory, _, file = places.CONFIGURATION.rpartition("/")
    checked_files(
        name="Configure the backup",
        directory=directory,
        wanted=(CheckedFile(file, rendered(context, places.CONFIGURATION)),),
        check=(*places.PROGRAM, "check-config", "--config", f"{STAGED}/{file}"),
    )


def _is_there(path: str) -> Callable[[], bool]:
    host: Host = ctx_host.get()
    return lambda: bool(host.get_fact(Directory, path=path))
