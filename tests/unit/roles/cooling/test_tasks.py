"""What is placed, what is asked of a host, and what is refused before anything is done."""

import subprocess
from types import SimpleNamespace

import pytest
from deeprig_host.cooling.__main__ import RESTORE_LIMIT_SECONDS
from deeprig_host.cooling.daemon import stall_seconds
from deeprig_host.cooling.places import LOCK_FILE
from deeprig_host.cooling.restore import KILL_SECONDS
from pyinfra.api.exceptions import FactProcessError

from deeprig.errors import DeclarationRefused
from deeprig.tasks.host_environment import ENVIRONMENT_PYTHON
from roles.cooling import ROLE, rivals
from roles.cooling.chassis import FANCONTROL_FILE, MODULES_FILE
from roles.cooling.configuration import CONFIGURATION
from roles.cooling.daemon import STARTED, STATUS, UNIT_FILE
from roles.cooling.facts import ConfiguredPower, OwnFancontrol, ServiceState, UnitState
from roles.cooling.rivals import FanMasters, OtherFanMasters, refuse_two_owners_of_power
from roles.cooling.say_why import or_say_why
from roles.cooling.settings import CoolingSettings
from roles.nvidia_driver.settings import NvidiaDriverSettings
from tests.unit.roles.cooling.test_checks import FACTS
from tests.unit.roles.cooling.test_settings import PWMCONFIG, rendered

FILES = (CONFIGURATION, UNIT_FILE, MODULES_FILE, FANCONTROL_FILE)


@pytest.mark.parametrize("path", FILES)
def test_every_file_says_who_manages_it_and_ends_in_one_newline(path):
    for settings in ({}, {"chassis_fans": {"fancontrol": PWMCONFIG, "modules": ("nct6775",)}}):
        text = rendered(path, **settings)
        assert text.startswith("# Managed by deeprig (role cooling)")
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


def test_fans_of_the_case_get_the_declared_text_and_modules():
    settings = {"chassis_fans": {"fancontrol": PWMCONFIG, "modules": ("nct6775", "coretemp")}}
    assert PWMCONFIG in rendered(FANCONTROL_FILE, **settings)
    assert rendered(MODULES_FILE, **settings).endswith("apply.\nnct6775\ncoretemp\n")


def test_the_unit_gives_fans_back_whatever_ended_the_daemon():
    unit = rendered(UNIT_FILE)
    assert f"ExecStart={ENVIRONMENT_PYTHON} -I -m deeprig_host.cooling run\n" in unit
    assert f"ExecStopPost={ENVIRONMENT_PYTHON} -I -m deeprig_host.cooling restore\n" in unit
    for line in (
        "Type=notify",
        "TimeoutStartFailureMode=abort",
        "Restart=on-failure",
        "WantedBy=multi-user.target",
    ):
        assert f"{line}\n" in unit
    # The status and the mark of the start are in the unit's own directory, and the lock is not:
    # systemd removes it at each stop, also while a daemon runs that a person started.
    assert "RuntimeDirectory=deeprig/cooling\n" in unit
    assert {STATUS.rpartition("/")[0], STARTED.rpartition("/")[0]} == {"/run/deeprig/cooling"}
    assert f"touch {STARTED}\n" in unit
    assert not LOCK_FILE.startswith("/run/deeprig/cooling/")
    # Systemd must not end restore before it is through, nor wait longer than that for a process
    # that cannot be killed: the other cards keep their last speed until restore runs.
    restore_seconds = 2 * (RESTORE_LIMIT_SECONDS + KILL_SECONDS)
    assert restore_seconds + 2 <= seconds_of(unit, "TimeoutStopSec") <= restore_seconds + 5


@pytest.mark.parametrize("interval", [1, 2, 10])
def test_cards_that_hang_in_the_kernel_keep_no_other_from_restore_for_a_minute(interval):
    """And a loop that is slow is answered by the daemon itself before systemd ends it."""
    unit = rendered(UNIT_FILE, interval_seconds=interval)
    watchdog = seconds_of(unit, "WatchdogSec")
    assert watchdog >= stall_seconds(interval) + 10
    # SIGABRT, then SIGKILL, and neither ends it.
    longest = sum(seconds_of(unit, name) for name in ("TimeoutAbortSec", "TimeoutStopSec"))
    assert watchdog - 2 * interval + longest <= 45


def seconds_of(unit, name):
    (line,) = [line for line in unit.splitlines() if line.startswith(f"{name}=")]
    return int(line.partition("=")[2])


def test_it_is_for_machines_with_a_card_or_with_one_declared():
    none = SimpleNamespace(nvidia_devices=())
    assert ROLE.applies(FACTS, CoolingSettings())
    assert not ROLE.applies(none, CoolingSettings(target_c=70))
    assert ROLE.applies(none, CoolingSettings(gpus={"0": {}}))


_SHOWN = """Id=coolgpus.service
ActiveState={}
UnitFileState={}

Id=fan2go.service
ActiveState=inactive
UnitFileState=

@@deeprig:coolbits
{}""".format


@pytest.mark.parametrize(
    ("shown", "masters"),
    [
        (_SHOWN("inactive", "disabled", ""), FanMasters()),
        (_SHOWN("active", "disabled", ""), FanMasters(("coolgpus.service",))),
        (_SHOWN("inactive", "enabled", ""), FanMasters(("coolgpus.service",))),
        (_SHOWN("inactive", "masked", '    Option "Coolbits" "28"'), FanMasters((), 28)),
        (_SHOWN("inactive", "", 'Option "Coolbits" "x"\nOption "Coolbits" "4"'), FanMasters((), 4)),
    ],
)
def test_who_else_sets_fans_is_read(shown, masters):
    assert OtherFanMasters().process(shown.splitlines()) == masters


def test_only_the_bit_for_fans_lets_people_set_them():
    assert FanMasters((), 28).may_x_users_set_fans
    assert not FanMasters((), 8).may_x_users_set_fans


@pytest.mark.parametrize("output", [["Id=x"], ["", "ActiveState=active", "@@deeprig:coolbits"]])
def test_an_answer_that_is_none_is_no_good_news(output):
    with pytest.raises(FactProcessError):
        OtherFanMasters().process(output)


def test_every_rival_is_refused_with_how_to_stop_it(monkeypatch):
    names = tuple(name for name, _ in rivals.RIVALS)
    host = SimpleNamespace(get_fact=lambda fact: FanMasters(names))
    monkeypatch.setattr(rivals, "ctx_host", SimpleNamespace(get=lambda: host))
    with pytest.raises(DeclarationRefused) as refused:
        rivals.refuse_rivals()
    assert len(refused.value.problems) == len(names)
    for name, problem in zip(names, refused.value.problems, strict=True):
        assert name in problem.reason
        assert f"systemctl disable --now {name}" in problem.remedy


@pytest.mark.parametrize(
    ("cooling", "driver", "is_refused"),
    [
        ({"power_limit_watts": 300}, {"power_limit_watts": 300}, True),
        ({"power_budget_watts": 900}, {"power_limit_watts": {"0000:01:00.0": 300}}, True),
        ({"gpus": {"0": {"power_limit_watts": 300}}}, {"power_limit_watts": 250}, True),
        ({}, {"power_limit_watts": 300}, False),
        ({"power_limit_watts": 300}, {}, False),
        ({"power_limit_watts": 300, "enabled": False}, {"power_limit_watts": 300}, False),
    ],
)
def test_a_power_limit_has_one_owner(cooling, driver, is_refused):
    context = SimpleNamespace(
        settings=CoolingSettings(**cooling),
        settings_of={"nvidia_driver": NvidiaDriverSettings(**driver)},
    )
    if not is_refused:
        refuse_two_owners_of_power(context)
        return
    with pytest.raises(DeclarationRefused, match="one owner"):
        refuse_two_owners_of_power(context)


def test_the_state_of_a_unit_is_read():
    shown = ["LoadState=loaded", "ActiveState=activating", "UnitFileState=enabled"]
    state = ServiceState().process(shown)
    assert state == UnitState("loaded", "activating", "enabled")
    assert state.is_known
    assert state.is_running
    assert not ServiceState.default().is_known
    with pytest.raises(FactProcessError, match="UnitFileState"):
        ServiceState().process(shown[:2])


def asked(fact, file):
    """Run a fact's real command on a file here; return what the fact makes of it."""
    command = fact.command(file=str(file)).get_raw_value()
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    return fact.process(done.stdout.splitlines())


@pytest.mark.parametrize(
    ("settings", "says_power"),
    [
        ({}, False),
        ({"power_limit_watts": 300}, True),
        ({"gpus": {"0": {"power_limit_watts": 300}}}, True),
        ({"power_budget_watts": 900}, True),
    ],
)
def test_whether_the_placed_file_sets_power_is_seen_in_it(tmp_path, settings, says_power):
    file = tmp_path / "cooling.conf"
    file.write_text(rendered(CONFIGURATION, **settings))
    assert asked(ConfiguredPower(), file) is says_power
    assert asked(ConfiguredPower(), tmp_path / "nothing") is False


def test_a_fancontrol_of_somebody_else_is_left_alone(tmp_path):
    file = tmp_path / "fancontrol"
    assert asked(OwnFancontrol(), file) is False
    file.write_text(PWMCONFIG)
    assert asked(OwnFancontrol(), file) is False
    file.write_text(rendered(FANCONTROL_FILE, chassis_fans={"fancontrol": PWMCONFIG}))
    assert asked(OwnFancontrol(), file) is True


def test_a_unit_that_fails_says_why_and_fails(tmp_path):
    journal = tmp_path / "journalctl"
    journal.write_text('#!/bin/sh\necho "$2 said: cooling.conf:3 is wrong"\n')
    journal.chmod(0o755)
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    for command, code, said in (
        ("false", 1, "x.service said: cooling.conf:3 is wrong\n"),
        ("true", 0, ""),
    ):
        done = subprocess.run(
            ["sh", "-c", or_say_why(command, "x.service")],
            capture_output=True,
            text=True,
            check=False,
            env=path,
        )
        assert (done.returncode, done.stderr) == (code, said)


def test_only_a_fancontrol_that_this_role_placed_is_ours():
    assert OwnFancontrol().process(["# Managed by deeprig (role cooling): ..."])
    assert not OwnFancontrol().process([])
    assert not OwnFancontrol.default()
    first = rendered(FANCONTROL_FILE).splitlines()[0]
    assert "^# Managed by deeprig (role cooling)" in str(OwnFancontrol().command(FANCONTROL_FILE))
    assert first.startswith("# Managed by deeprig (role cooling)")
