"""A service older than the switch of the environment is told; no clock fools anybody."""

import os
import time

import pytest
from deeprig_host.environment.services import services_before
from deeprig_host.machine.commands import Done, Machine
from deeprig_host.machine.refusal import Refused

TICKS = os.sysconf("SC_CLK_TCK")


def machine_with(tmp_path, switched_ago, units, code=0):
    """A machine whose units (name: seconds ago, None when it does not run) systemd tells of."""
    link = tmp_path / "opt/deeprig/environment"
    link.parent.mkdir(parents=True)
    link.symlink_to("environments/some")
    then = time.time() - switched_ago
    os.utime(link, (then, then), follow_symlinks=False)
    blocks = []
    for pid, (name, seconds_ago) in enumerate(units.items(), start=7):
        blocks.append(f"MainPID={0 if seconds_ago is None else pid}\nId={name}\n")
        if seconds_ago is not None:
            started = int((time.clock_gettime(time.CLOCK_BOOTTIME) - seconds_ago) * TICKS)
            stat = tmp_path / f"proc/{pid}/stat"
            stat.parent.mkdir(parents=True)
            stat.write_text(f"{pid} (a ) b) S {' '.join(['1'] * 18)} {started} 4096 1\n")
    told = "\n".join(blocks) if code == 0 else "no bus"
    return Machine(tmp_path, lambda *words, **_: Done(words, code, told))


def test_those_that_started_before_the_switch_are_told(tmp_path):
    machine = machine_with(tmp_path, 300, {"old.service": 500, "new.service": 100})
    assert services_before(machine, ("a", "b")) == ("old.service",)


def test_a_suspend_after_the_switch_does_not_hide_a_service(tmp_path, monkeypatch):
    """CLOCK_MONOTONIC stands still then: by it the service started after the switch."""
    asleep = 8 * 3600
    made = machine_with(tmp_path, 300 + asleep, {"old.service": 500 + asleep})
    awake = time.monotonic() - 500
    monkeypatch.setattr(time, "monotonic", lambda: awake + 500)
    shown = f"ExecMainStartTimestampMonotonic={awake * 1e6:.0f}\n{made.run().out}"
    machine = Machine(tmp_path, lambda *words, **_: Done(words, 0, shown))
    assert services_before(machine, ("old.service",)) == ("old.service",)


@pytest.mark.parametrize(("switched_ago", "is_old"), [(0, True), (24 * 3600, False)])
def test_a_real_process_is_placed_in_time(tmp_path, switched_ago, is_old):
    """This one: it has run for a while, and less than a day."""
    machine_with(tmp_path, switched_ago, {})
    (tmp_path / "proc").symlink_to("/proc")
    shown = f"MainPID={os.getpid()}\nId=a.service\n"
    machine = Machine(tmp_path, lambda *words, **_: Done(words, 0, shown))
    assert services_before(machine, ("a.service",)) == (("a.service",) if is_old else ())


def test_what_does_not_run_is_none_of_them(tmp_path):
    machine = machine_with(tmp_path, 300, {"old.service": None})
    assert services_before(machine, ("old.service",)) == ()


def test_what_has_ended_since_systemd_told_is_none_of_them(tmp_path):
    machine = machine_with(tmp_path, 300, {"old.service": 500})
    machine.path("/proc/7/stat").unlink()
    assert services_before(machine, ("old.service",)) == ()


def test_a_switch_that_is_still_to_come_says_nothing(tmp_path):
    machine = machine_with(tmp_path, -3600, {"old.service": 500})
    assert services_before(machine, ("old.service",)) == ()


def test_without_an_environment_there_is_none(tmp_path):
    machine = Machine(tmp_path, lambda *words, **_: pytest.fail("asked for nothing"))
    assert services_before(machine, ("a.service",)) == ()


def test_a_systemd_that_does_not_answer_is_told(tmp_path):
    with pytest.raises(Refused, match="systemd does not tell"):
        services_before(machine_with(tmp_path, 300, {}, code=1), ("a.service",))
