"""needrestart is quiet."""

from __future__ import annotations

from typing import Any

from deeprig.verify.checks import Checks
from roles.maintenance.readings import NEEDRESTART
from roles.maintenance.settings import MaintenanceSettings


def test_needrestart_is_quiet(host: Any, settings: MaintenanceSettings, check: Checks) -> None:
    """needrestart's own configuration, evaluated: it lists, asks nothing and restarts nothing."""
    if not settings.needrestart_quiet or not host.package("needrestart").is_installed:
        return
    shown = host.run("perl -e %s", NEEDRESTART)
    seen = shown.stdout.split("\n")
    evidence = f"restart, kernelhints: {', '.join(seen)}" if shown.rc == 0 else shown.stderr.strip()
    check("needrestart is quiet", seen == ["l", "-1"] if shown.rc == 0 else None, evidence)
