"""Fans of the case: fancontrol runs with the declared text."""

from __future__ import annotations

from typing import Any

import pytest

from deeprig.verify.checks import Checks
from roles.cooling.chassis import FANCONTROL, FANCONTROL_FILE
from roles.cooling.settings import CoolingSettings


def test_fans_of_the_case_are_driven(host: Any, settings: CoolingSettings, check: Checks) -> None:
    """fancontrol runs, starts at boot, and has the declared text."""
    if not settings.enabled or settings.chassis_fans is None:
        pytest.skip("no fans of the case are declared")
    text = host.run("systemctl show --property=ActiveState,UnitFileState %s", FANCONTROL).stdout
    is_at_work = {"ActiveState=active", "UnitFileState=enabled"} <= set(text.split())
    check(
        "fancontrol is at work", is_at_work, ", ".join(text.split()) or "systemd knows no such unit"
    )
    file = host.file(FANCONTROL_FILE)
    is_declared = file.exists and settings.chassis_fans.fancontrol in file.content_string
    evidence = f"{FANCONTROL_FILE} {'is' if is_declared else 'is not'} as declared"
    check("fancontrol has the declared text", is_declared, evidence)
