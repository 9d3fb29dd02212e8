"""The daemon: at work now and after every boot, on the declared configuration; or gone."""

from __future__ import annotations

from typing import Any

import pytest

from deeprig.facts import HostFacts
from deeprig.tasks.ini_sections import differences, read_sections
from deeprig.verify.checks import Checks
from roles.cooling.checks.told import Told
from roles.cooling.configuration import CONFIGURATION
from roles.cooling.daemon import SERVICE, UNIT_FILE
from roles.cooling.settings import CoolingSettings

_SHOWN = ("ActiveState", "SubState", "UnitFileState", "NRestarts", "NeedDaemonReload")


def test_the_daemon_is_at_work(host: Any, settings: CoolingSettings, check: Checks) -> None:
    """It runs, starts at boot, and runs what is placed."""
    if not settings.enabled:
        pytest.skip("cooling is not enabled")
    text = host.run("systemctl show --property=%s %s", ",".join(_SHOWN), SERVICE).stdout
    state = dict(line.partition("=")[::2] for line in text.splitlines())
    evidence = ", ".join(f"{name}={state.get(name) or 'unknown'}" for name in _SHOWN)
    is_running = state.get("ActiveState") == "active" and state.get("SubState") == "running"
    check("the daemon is running", is_running, evidence)
    check("it starts at boot", state.get("UnitFileState") == "enabled", evidence)
    check("it runs the unit that is placed", state.get("NeedDaemonReload") == "no", evidence)


def test_its_loop_turns(
    settings: CoolingSettings, told: Told, facts: HostFacts, check: Checks
) -> None:
    """Its status is of a moment ago, NVML answers it, and it has every card of the PCI bus."""
    if not settings.enabled:
        pytest.skip("cooling is not enabled")
    age = told.age_seconds
    evidence = told.problem or f"{age:.1f} s old" if age is not None else told.problem
    check("its loop turns", age is not None and age < settings.watchdog_seconds, evidence)
    if age is None:
        return
    missing = told.document.get("no_library")
    check("NVML answers it", not missing, missing or "it does")
    on_bus, known = len(facts.nvidia_devices), len(told.gpus)
    check("it has every card", known > 0 and known >= on_bus, f"{known} of {on_bus} on the PCI bus")


def test_its_configuration_is_as_declared(
    host: Any, settings: CoolingSettings, check: Checks
) -> None:
    """The file on the host says what the inventory declares."""
    if not settings.enabled:
        pytest.skip("cooling is not enabled")
    file = host.file(CONFIGURATION)
    there = read_sections(file.content_string) if file.exists else None
    if there is None:
        check("its configuration is as declared", False, f"{CONFIGURATION} is not there, or broken")
        return
    found = differences(settings.sections, there)
    evidence = "\n".join(found) or f"{CONFIGURATION} is as declared"
    check("its configuration is as declared", not found, evidence)


def test_nothing_is_left_where_it_is_off(
    host: Any, settings: CoolingSettings, check: Checks
) -> None:
    """A host that shall not be cooled by deeprig has no daemon of it."""
    if settings.enabled:
        return
    left = [path for path in (CONFIGURATION, UNIT_FILE) if host.file(path).exists]
    if host.run("systemctl is-active --quiet %s", SERVICE).rc == 0:
        left.append(f"{SERVICE} runs")
    check("nothing of the cooling is left", not left, ", ".join(left) or "nothing")
