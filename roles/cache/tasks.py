"""Tasks of the cache role."""

from __future__ import annotations

from io import StringIO

from pyinfra.api.deploy import deploy
from pyinfra.api.host import Host
from pyinfra.context import ctx_host
from pyinfra.facts.files import Directory
from pyinfra.operations import files

from deeprig.errors import DeclarationRefused, Problem
from deeprig.role import RoleContext
from deeprig.tasks import place_template
from deeprig.tasks.lab_hosts import hosts_with_role
from roles.cache.places import (
    ANSWERS,
    APT_CONFIGURATION,
    CONDARC,
    DIRECTORY,
    FOR_APT,
    THROUGH_CACHE,
    TOLD,
)
from roles.cache.settings import CacheSettings
from roles.cache.used import UsedCache, resolved, told_to_conda, told_to_programs
from roles.cache_server.reaching import ROLE_NAME


@deploy("cache")
def deploy_cache(context: RoleContext[CacheSettings]) -> None:
    """Have downloads from the declared cache, or as if there had never been one."""
    host: Host = ctx_host.get()
    if context.settings.server is not None:
        _use(context, used_by(context, context.settings.server))
    elif host.get_fact(Directory, path=DIRECTORY):
        _use_none()


def used_by(context: RoleContext[CacheSettings], server: str) -> UsedCache:
    """Return the cache that a host uses. Raise DeclarationRefused where the server is none."""
    servers = {one.name: one for one in hosts_with_role(context, ROLE_NAME)}
    if server not in servers:
        place = f"{context.host_name}: cache.server"
        reason = f"{server} is no host with the role {ROLE_NAME}"
        raise DeclarationRefused((Problem(place, reason, "name one, or nothing"),))
    return resolved(context.settings, servers[server], context.settings_of, context.network)


def _use(context: RoleContext[CacheSettings], used: UsedCache) -> None:
    for path, text in ((TOLD, told_to_programs(used)), (CONDARC, told_to_conda(used))):
        files.put(
            name="Say where the cache is",
            src=StringIO(text),
            dest=path,
            user="root",
            group="root",
            mode="644",
        )
    place_template(context, ANSWERS, name="Place what asks whether the cache answers")
    for path in (FOR_APT, THROUGH_CACHE):
        place_template(context, path, name="Place what leads through the cache", mode="755")
    # Last: apt would complain of a program that is not there.
    place_template(context, APT_CONFIGURATION, name="Have apt ask the cache")


def _use_none() -> None:
    for path in (APT_CONFIGURATION, FOR_APT, THROUGH_CACHE, ANSWERS):
        files.file(name="Remove what led through a cache", path=path, present=False)
    files.directory(name="Forget where the cache was", path=DIRECTORY, present=False)
