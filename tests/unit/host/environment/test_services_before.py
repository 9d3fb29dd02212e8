"""A service older than the switch of the environment is told; a clock that jumped fools nobody."""

import os
import time

import pytest
from deeprig_host.environment.services import services_before
from deeprig_host.machine.commands import Done, Machine
from deeprig_host.machine.refusal import Refused


def machine_with(tmp_path, switched_ago, told, code=0):
    link = tmp_path / "opt/deeprig/environment"
    link.parent.mkdir(parents=True)
    link.symlink_to("environments/some")
    then = time.time() - switched_ago
    os.utime(link, (then, then), follow_symlinks=False)
    return Machine(tmp_path, lambda *words, **_: Done(words, code, told))


def unit(name, seconds_ago, pid=7):
    started = int((time.monotonic() - seconds_ago) * 1e6)
    return f"ExecMainStartTimestampMonotonic={started}\nMainPID={pid}\nId={name}\n"


def test_those_that_started_before_the_switch_are_told(tmp_path):
    told = "\n".join([unit("old.service", 500), unit("new.service", 100)])
    assert services_before(machine_with(tmp_path, 300, told), ("a", "b")) == ("old.service",)


def test_what_does_not_run_is_none_of_them(tmp_path):
    told = unit("old.service", 500, pid=0)
    assert services_before(machine_with(tmp_path, 300, told), ("old.service",)) == ()


def test_a_switch_that_is_still_to_come_says_nothing(tmp_path):
    told = unit("old.service", 500)
    assert services_before(machine_with(tmp_path, -3600, told), ("old.service",)) == ()


def test_without_an_environment_there_is_none(tmp_path):
    machine = Machine(tmp_path, lambda *words, **_: pytest.fail("asked for nothing"))
    assert services_before(machine, ("a.service",)) == ()


def test_a_systemd_that_does_not_answer_is_told(tmp_path):
    with pytest.raises(Refused, match="systemd does not tell"):
        services_before(machine_with(tmp_path, 300, "no bus", code=1), ("a.service",))
