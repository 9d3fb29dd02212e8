"""The power goes at each step of a change and of the way back: the next call repairs."""

import json
import os
import signal
import time

import pytest
from deeprig_host.driver import detached
from deeprig_host.driver.dispose import restore
from deeprig_host.driver.journal import read_journal
from deeprig_host.driver.transaction import change

from .conftest import NEW, OLD
from .lab import MODPROBE, SET, driver, install, order, versions

#: Steps of a change at which nothing is touched yet.
HARMLESS = ("recorded", "fetched")
STEPS = (*HARMLESS, "swapping", "files placed", "released", "exchanged", "held", "swapped")
WAY_BACK = ("restoring", "files back", "by_apt", "packages back", "restored")


@pytest.fixture
def old(rig):
    rig.publish(*driver(OLD), *driver(NEW))
    install(rig, OLD)
    return rig


def cut(step, work):
    """Run work in a process that dies by SIGKILL at a step; nothing of it can clean up."""

    def mark(reached):
        if reached == step:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        work(mark)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL, f"{step} was not reached"


def is_whole(rig, version):
    assert versions(rig) == f"1:{version}-1"
    assert rig.held() == set(SET)
    assert rig.run("dpkg", "--audit").out == ""
    expected = f"blacklist nouveau # {NEW}\n" if version == NEW else None
    assert rig.read(MODPROBE) == expected
    return True


@pytest.mark.parametrize("step", HARMLESS)
def test_before_the_swap_the_old_driver_stands_and_the_next_change_goes_through(old, step):
    cut(step, lambda mark: change(old.machine, order(NEW), mark))
    assert is_whole(old, OLD)
    assert read_journal(old.machine).phase == step
    assert change(old.machine, order(NEW))["outcome"] == "good"
    assert is_whole(old, NEW)


@pytest.mark.parametrize("step", HARMLESS)
def test_before_a_second_swap_the_unproven_change_stays_open_with_its_way_back(old, step):
    old.publish(*driver("590.1"))
    change(old.machine, order(NEW))
    cut(step, lambda mark: change(old.machine, order("590.1"), mark))
    journal = read_journal(old.machine)
    assert (journal.phase, journal.wanted, journal.recorded) == ("swapped", NEW, OLD)
    assert restore(old.machine, "it does not work")["outcome"] == "good"
    assert is_whole(old, OLD)


@pytest.mark.parametrize("step", STEPS[2:-1])
def test_in_the_swap_the_way_back_ends_with_the_old_driver(old, step):
    cut(step, lambda mark: change(old.machine, order(NEW), mark))
    assert read_journal(old.machine).phase == "swapping"
    assert restore(old.machine, "the change was cut off")["outcome"] == "good"
    assert is_whole(old, OLD)


@pytest.mark.parametrize("step", STEPS[2:])
def test_in_the_swap_the_next_change_repairs_first_and_goes_through(old, step):
    cut(step, lambda mark: change(old.machine, order(NEW), mark))
    assert change(old.machine, order(NEW))["outcome"] == "good"
    assert is_whole(old, NEW)
    assert read_journal(old.machine).recorded == OLD


@pytest.mark.parametrize("step", WAY_BACK)
def test_a_way_back_that_is_cut_off_is_continued(old, step):
    change(old.machine, order(NEW))
    cut(step, lambda mark: restore(old.machine, "no", mark))
    assert read_journal(old.machine).phase == ("restored" if step == "restored" else "restoring")
    assert restore(old.machine, "no")["outcome"] == "good"
    assert is_whole(old, OLD)


@pytest.mark.parametrize("script", ["preinst", "postinst"])
def test_dpkg_killed_while_it_unpacks_or_configures_is_repaired(old, script):
    """Kill apt and dpkg with all their children, as a power cut does."""
    version = "590.1"
    flag = old.root / "tmp/cut"
    kill = f"#!/bin/sh\nif test -e {flag}; then kill -9 0; fi\n"
    old.publish(*driver(version, scripts={script: kill}))
    flag.touch()
    child = os.fork()
    if child == 0:
        os.setsid()
        change(old.machine, order(version))
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    flag.unlink()
    assert old.run("dpkg", "--audit").out != "", "it was to be left half done"
    assert restore(old.machine, "the change was cut off")["outcome"] == "good"
    assert is_whole(old, OLD)


def test_a_lost_connection_does_not_stop_the_work(old, monkeypatch):
    """The foreground dies by SIGHUP; the worker goes on to its end and leaves its answer."""
    for name, value in old.environment.items():
        monkeypatch.setenv(name, value)
    document = json.dumps(order(NEW).raw)
    poll = time.sleep
    monkeypatch.setattr(detached.time, "sleep", lambda _: os.kill(os.getpid(), signal.SIGHUP))
    child = os.fork()
    if child == 0:
        os.setsid()
        detached.run_detached(old.machine, "change", document)
        os._exit(0)
    assert os.WEXITSTATUS(os.waitpid(child, 0)[1]) == 128 + signal.SIGHUP
    assert read_journal(old.machine) is None or read_journal(old.machine).phase != "swapped"
    answer = old.root / "var/lib/deeprig/driver/work/answer.json"
    end = time.monotonic() + 60
    while not answer.is_file() and time.monotonic() < end:
        poll(0.1)
    assert json.loads(answer.read_text())["outcome"] == "good"
    assert is_whole(old, NEW)
