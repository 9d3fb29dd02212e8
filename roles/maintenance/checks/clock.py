"""The clock is kept."""

from __future__ import annotations

from typing import Any

from deeprig.facts import HostFacts
from deeprig.verify.checks import Checks
from roles.maintenance.checks.answers import properties, properties_text
from roles.maintenance.clock import SERVICE
from roles.maintenance.facts import OTHER_TIME_SERVICES
from roles.maintenance.settings import MaintenanceSettings


def test_the_clock_is_kept(
    host: Any, settings: MaintenanceSettings, facts: HostFacts, check: Checks
) -> None:
    """A time service runs, and the kernel says that the clock is synchronised."""
    if not settings.time_sync or facts.is_container:
        # A container has no clock of its own: not applicable, and no pass either.
        return
    shown = host.run("timedatectl show")
    told = dict(line.split("=", 1) for line in shown.stdout.splitlines() if "=" in line)
    synchronised = told.get("NTPSynchronized")
    is_good = None if shown.rc != 0 or synchronised is None else synchronised == "yes"
    evidence = f"NTPSynchronized={synchronised}" if synchronised else shown.stderr.strip()
    check("the clock is synchronised", is_good, evidence or "timedatectl said nothing")
    if any(host.package(name).is_installed for name in OTHER_TIME_SERVICES):
        return
    state = properties(host, SERVICE, "ActiveState", "UnitFileState")
    is_kept = state["ActiveState"] == "active" and state["UnitFileState"] == "enabled"
    check("systemd-timesyncd is active and enabled", is_kept, properties_text(state))
    if settings.ntp_servers:
        used = host.run("timedatectl show-timesync --property=SystemNTPServers --value")
        servers = tuple(used.stdout.split())
        is_good = servers == settings.ntp_servers if used.rc == 0 else None
        check("the time servers are as declared", is_good, " ".join(servers) or used.stderr.strip())
