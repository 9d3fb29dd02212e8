"""Tasks of the nvidia_driver role, in order: sources, the change as one transaction, services."""

from __future__ import annotations

from pyinfra.api.deploy import deploy
from pyinfra.api.host import Host
from pyinfra.context import ctx_host
from pyinfra.operations import systemd

from deeprig.engine.operations import changed
from deeprig.role import RoleContext
from deeprig.tasks import (
    install_packages,
    place_host_programs,
    place_template,
    refresh_package_lists,
)
from deeprig.tasks.left_undone import StaleUnits
from deeprig.tasks.nvidia_apt import configure_nvidia_repository
from roles.nvidia_driver import operations
from roles.nvidia_driver.facts import DriverObservation, SimulationMark
from roles.nvidia_driver.services import POWER_UNIT, services
from roles.nvidia_driver.settings import NvidiaDriverSettings, Source
from roles.nvidia_driver.sources import archive_components, lists_are_missing
from roles.nvidia_driver.target import DEFAULT_SOURCES, choose_source

DriverContext = RoleContext[NvidiaDriverSettings]
#: Components of the distributions' archives that the driver and its needs are in.
_COMPONENTS: dict[Source, tuple[str, ...]] = {
    "ubuntu": ("restricted",),
    "debian": ("contrib", "non-free", "non-free-firmware"),
}


@deploy("nvidia_driver")
def deploy_nvidia_driver(context: DriverContext) -> None:
    """Bring the driver to the declared state, or leave it wholly as it is."""
    install_packages(("python3", "kmod"))
    place_host_programs(context)
    _configure_source(context, _source(context))
    operations.repair(name="Repair an interrupted driver change")
    operations.driver(name="Change the driver", context=context)
    operations.load(name="Load the driver")
    _configure_services(context)


def ask_first(context: DriverContext) -> None:
    """Ask what deploy_nvidia_driver asks before its operations."""
    _source(context)


def _source(context: DriverContext) -> Source:
    """Return where the driver comes from. It is the same before and after a change."""
    settings = context.settings
    if settings.source is not None:
        return settings.source
    host: Host = ctx_host.get()
    seen = host.get_fact(DriverObservation, programs=str(context.content.file("host")))
    if seen is None:  # no python3 yet: a fresh machine, without a driver
        return DEFAULT_SOURCES[context.facts.distribution]
    return choose_source(settings, seen)[0]


def _configure_source(context: DriverContext, source: Source) -> None:
    if source == "nvidia":
        configure_nvidia_repository(context.settings.nvidia_repository, context.facts)
    else:
        wanted = (context.facts.codename, _COMPONENTS[source])
        added = changed(
            archive_components(
                name="Add the components that the driver is in",
                codename=wanted[0],
                components=wanted[1],
            )
        )
        are_missing = lists_are_missing(*wanted)
        refresh_package_lists(when=lambda: added() or are_missing())
    if context.update.drivers:
        refresh_package_lists(when=lambda: True)


def _configure_services(context: DriverContext) -> None:
    placed = changed(
        place_template(
            context, f"/etc/systemd/system/{POWER_UNIT}", name="Set persistence and power limits"
        )
    )
    host: Host = ctx_host.get()
    systemd.daemon_reload(
        name="Read the units again",
        # Or a run was cut before it got here. Limits that were not set are seen by services().
        _if=lambda: placed() or bool(host.get_fact(StaleUnits, units=(POWER_UNIT,))),
    )
    services(name="Start the driver's services", settings=context.settings)


def simulated_driver(context: DriverContext) -> str | None:
    """Name what on this host only stands in for cards and driver (this project's own tests)."""
    host: Host = ctx_host.get()
    mark: str | None = host.get_fact(SimulationMark)
    return mark
