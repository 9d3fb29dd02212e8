"""What works by the clock waits for its hour."""

from __future__ import annotations

from typing import Any

from deeprig.facts import HostFacts
from deeprig.verify.checks import Checks
from roles.maintenance.checks.answers import properties, properties_text
from roles.maintenance.settings import MaintenanceSettings
from roles.maintenance.timers import APT_TIMERS, wanted_timers


def test_what_works_by_the_clock_waits_for_its_hour(
    host: Any, settings: MaintenanceSettings, facts: HostFacts, check: Checks
) -> None:
    """Each timer is active and enabled, and apt's have the declared times."""
    times = dict(
        zip(APT_TIMERS, (settings.package_lists_time, settings.package_upgrades_time), strict=True)
    )
    for timer in wanted_timers(settings, facts):
        state = properties(host, timer, "ActiveState", "UnitFileState", "TimersCalendar")
        is_armed = state["ActiveState"] == "active" and state["UnitFileState"] == "enabled"
        check(f"{timer} is active and enabled", is_armed, properties_text(state))
        if timer in times:
            is_timed = f"OnCalendar=*-*-* {times[timer]}:00 " in state["TimersCalendar"]
            check(f"{timer} is at {times[timer]}", is_timed, state["TimersCalendar"] or "never")
