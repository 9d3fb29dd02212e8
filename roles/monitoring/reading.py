"""Have a server read its configuration, and systemd stop one that is declared no more."""

from __future__ import annotations

from collections.abc import Callable

from pyinfra.api.host import Host
from pyinfra.context import ctx_host
from pyinfra.operations import server

from roles.monitoring.facts import HasOldConfiguration


def take_configuration(
    unit: str, url: str, sources: tuple[str, ...], moved: Callable[[], bool]
) -> None:
    """Have a running server read its files where they changed since it did.

    ``url`` is that of its own metrics: it tells when it last did. One that does not run reads
    them when it starts.
    """
    host: Host = ctx_host.get()
    server.shell(
        name="Let a server read its configuration",
        # It goes on with what it had when it cannot read the new one; this does not fail then, and
        # verify tells (prometheus_config_last_reload_successful).
        commands=[f"systemctl try-reload-or-restart {unit}"],
        _if=lambda: moved() or bool(host.get_fact(HasOldConfiguration, url=url, files=sources)),
    )
