"""Tasks of the cache_server role."""

from __future__ import annotations

from collections.abc import Callable

from pyinfra.api.deploy import deploy
from pyinfra.api.host import Host
from pyinfra.context import ctx_host
from pyinfra.facts.files import Directory
from pyinfra.operations import files, server, systemd

from deeprig.role import RoleContext
from deeprig.tasks import changed, install_packages, place_template
from deeprig.tasks.host_environment import needs_restart, place_host_environment
from deeprig.tasks.left_undone import StaleUnits, runs_since_before
from roles.cache_server.facts import DefaultSite
from roles.cache_server.places import (
    CERTIFICATE,
    DIRECTORY,
    OUT_SERVICE,
    ROTATION,
    TLS_KEY,
    UNIT_DIRECTORY,
    USER,
    WAY_OUT,
    WEB_CONFIGURATION,
    WEB_SERVICE,
)
from roles.cache_server.removal import stop_serving
from roles.cache_server.secret_files import place_certificate, place_way_out
from roles.cache_server.settings import CacheServerSettings

CacheServerContext = RoleContext[CacheServerSettings]


@deploy("cache_server")
def deploy_cache_server(context: CacheServerContext) -> None:
    """Keep what the declared upstreams serve; a host that is no cache any more keeps the files."""
    host: Host = ctx_host.get()
    if context.settings.upstreams:
        _install(context)
        _run_way_out(context)
        _run_web_server(context)
    elif host.get_fact(Directory, path=DIRECTORY):
        stop_serving()


def _install(context: CacheServerContext) -> None:
    """Have the programs, their user, and where the files are kept."""
    install_packages(("nginx", "logrotate"))
    host: Host = ctx_host.get()
    server.shell(
        name="Stop nginx's welcome page",
        commands=["systemctl disable --now nginx.service"],
        _if=lambda: host.get_fact(DefaultSite) == "packaged",
    )
    place_host_environment(context)
    server.user(  # noqa: S604 - the user's login shell
        name="Have the cache's user",
        user=USER,
        system=True,
        home="/nonexistent",
        shell="/usr/sbin/nologin",
        ensure_home=False,
        create_home=False,
    )
    files.directory(name="Make the cache's directory", path=DIRECTORY, mode="755")
    files.directory(
        name="Make the directory of cached files",
        path=context.settings.directory,
        user=USER,
        group=USER,
        mode="750",
    )
    place_template(context, ROTATION, name="Rotate the cache's log")


def _run_way_out(context: CacheServerContext) -> None:
    told = place_way_out(context.settings, context.network)
    _run(context, OUT_SERVICE, changed(told), WAY_OUT)


def _run_web_server(context: CacheServerContext) -> None:
    configured = place_template(context, WEB_CONFIGURATION, name="Say what the cache keeps")
    certificate = place_certificate(context.settings)
    read = (WEB_CONFIGURATION, *((CERTIFICATE, TLS_KEY) if certificate else ()))
    _run(context, WEB_SERVICE, changed(configured, *certificate), *read)


def _run(context: CacheServerContext, service: str, moved: Callable[[], bool], *read: str) -> None:
    """Have a service run with what it reads as it is now, and after every boot."""
    host: Host = ctx_host.get()
    file = f"{UNIT_DIRECTORY}/{service}"
    unit = place_template(context, file, name="Place a unit of the cache")
    has_new_unit = changed(unit)
    server.shell(
        name="Let systemd read the units of the cache",
        commands=["systemctl daemon-reload"],
        _if=lambda: has_new_unit() or bool(host.get_fact(StaleUnits, units=(service,))),
    )
    is_old = needs_restart(context, service) if service == OUT_SERVICE else never
    server.shell(
        name="Restart the cache with what was placed",
        commands=[f"systemctl try-restart {service}"],
        _if=lambda: (
            has_new_unit() or moved() or is_old() or runs_since_before(service, file, *read)
        ),
    )
    systemd.service(name="Run the cache", service=service, running=True, enabled=True)


def never() -> bool:
    """Say that nothing calls for a restart."""
    return False
