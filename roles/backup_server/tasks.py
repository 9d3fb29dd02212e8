"""Tasks of the backup_server role."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra.api.command import StringCommand
from pyinfra.api.deploy import deploy
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.context import ctx_host
from pyinfra.facts.files import Directory
from pyinfra.operations import files

from deeprig.engine.remarks import explain
from deeprig.errors import DeclarationRefused, Problem
from deeprig.facts import HostFacts
from deeprig.role import RoleContext
from deeprig.tasks import install_packages, place_template
from deeprig.tasks.host_environment import place_host_environment
from roles.backup_server.accounts import place_accounts
from roles.backup_server.facts import IsMounted
from roles.backup_server.places import (
    CONFIGURATION,
    DIRECTORY,
    PRUNE_SERVICE,
    PRUNE_TIMER,
    REST_SERVICE,
    STATUS_FILE,
)
from roles.backup_server.secret_files import place_secret_files, remove_other_files
from roles.backup_server.settings import BackupServerSettings
from roles.backup_server.ssh import let_clients_in, lock_earlier_out
from roles.backup_server.units import prune_by_timer, remove_units, serve_rest


@deploy("backup_server")
def deploy_backup_server(context: RoleContext[BackupServerSettings]) -> None:
    """Keep the declared clients' repositories; never remove one that is declared no more.

    Raise DeclarationRefused, before anything is done, where the declared disk is not mounted.
    """
    settings = context.settings
    host: Host = ctx_host.get()
    if not settings.clients and not host.get_fact(Directory, path=DIRECTORY):
        return  # it never was one
    if settings.clients:
        _refuse_without_disk(context)
        tell_who_is_protected(name="See which backups are protected", settings=settings)
        _keep_repositories(context)
    if settings.rest is None or not settings.clients:
        remove_units(REST_SERVICE)
    if not settings.pruned:
        remove_units(PRUNE_TIMER, PRUNE_SERVICE)
        # What went wrong then is nobody's concern now.
        files.file(name="Forget how pruning went", path=STATUS_FILE, present=False)
    lock_earlier_out(settings)
    remove_other_files(settings)


@operation()
def tell_who_is_protected(settings: BackupServerSettings) -> Generator[StringCommand, None, None]:
    """Say in the plan and the report what a client could delete, and what the server can read."""
    open_ones = [name for name, one in settings.clients.items() if not one.is_protected]
    if open_ones:
        explain(f"over sftp a client can delete its own backups: {', '.join(open_ones)}")
    if settings.pruned:
        explain(f"this server prunes for, and so can read: {', '.join(settings.pruned)}")
    ctx_host.get().noop("nothing to change: it only tells")
    yield from ()


def needed_packages(settings: BackupServerSettings, facts: HostFacts) -> tuple[str, ...]:
    """Return the packages that do the declared work."""
    rest = settings.rest
    has_own = rest is not None and rest.has_package(facts.distribution, facts.release)
    appends = any(place.access == "append" for place in settings.ssh_places)
    needed = {
        "openssh-server": bool(settings.ssh_places),
        "rclone": appends or (rest is not None and not has_own),
        "restic-rest-server": has_own,
        "restic": bool(settings.pruned),
    }
    return tuple(name for name, is_needed in needed.items() if is_needed)


def _keep_repositories(context: RoleContext[BackupServerSettings]) -> None:
    settings = context.settings
    install_packages(needed_packages(settings, context.facts))
    if settings.rest is not None or settings.pruned:
        place_host_environment(context)
    place_accounts(settings)
    secrets = place_secret_files(settings)
    place_template(context, CONFIGURATION, name="Write down whose repositories these are")
    if settings.ssh_places:
        let_clients_in(context)
    if settings.rest is not None:
        serve_rest(context, secrets)
    if settings.pruned:
        prune_by_timer(context)


def _refuse_without_disk(context: RoleContext[BackupServerSettings]) -> None:
    mount = context.settings.mount
    host: Host = ctx_host.get()
    if mount is None or host.get_fact(IsMounted, path=mount):
        return
    place = f"{context.host_name}: backup_server.mount"
    reason = f"{mount} is not mounted: backups would fill the system's own disk"
    raise DeclarationRefused((Problem(place, reason, f"mount its disk, then apply: {mount}"),))
