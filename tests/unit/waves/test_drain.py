"""A drain's command is a real shell's here: what it sees, how it fails, and what is left of it."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from deeprig.engine.embedding import patch_standard_library
from deeprig.engine.side_by_side import side_by_side
from deeprig.waves.drain import run_command


@pytest.fixture(autouse=True, scope="module")
def _patched():
    patch_standard_library()


@pytest.fixture
def drain(lab):
    """Return a function that runs a command as host rig1 would have it."""

    def run(command, **settings):
        lab.data(f"waves = {{'drain': {{'before': 'x', **{settings!r}}}}}")
        loaded = lab.load()
        return run_command(loaded, loaded.host("rig1"), command, "a-rollout")

    return run


def test_it_knows_the_host_and_the_rollout_and_runs_in_the_lab_directory(lab, drain):
    told = "echo $DEEPRIG_HOST $DEEPRIG_ADDRESS $DEEPRIG_ROLLOUT $PWD > told"
    assert drain(told) is None
    expected = f"rig1 192.0.2.1 a-rollout {lab.directory}\n"
    assert (lab.directory / "told").read_text() == expected


def test_a_failure_tells_what_it_printed(drain):
    assert drain("echo no such node >&2; exit 3") == "exit 3: no such node"
    assert drain("exit 4") == "exit 4"


def test_much_output_is_cut_to_its_end(drain):
    told = drain("seq 10000; exit 1")
    assert told.endswith("9999 10000")
    assert len(told) < 400


def test_nothing_waits_for_input(drain):
    assert drain("read answer") == "exit 1"


def test_one_that_hangs_is_ended_with_all_it_started(lab, drain):
    mark = lab.directory / "children"
    told = drain(f"sleep 1000 & echo $! > {mark}; sleep 1000", timeout_seconds=1)
    assert told == "it did not end within 1 s"
    await_end(int(mark.read_text()))


def await_end(child):
    while is_running(child):  # it ends as soon as the kernel delivers the signal
        os.sched_yield()


def test_several_that_hang_at_once_are_each_told_and_ended(lab, drain):
    told, marks = {}, [lab.directory / name for name in ("one", "two")]

    def run(mark):
        hanging = f"sleep 1000 & echo $! > {mark}; sleep 1000"
        told[mark.name] = drain(hanging, timeout_seconds=1)

    assert not side_by_side([partial(run, mark) for mark in marks], 2)
    assert told == dict.fromkeys(("one", "two"), "it did not end within 1 s")
    for mark in marks:
        await_end(int(mark.read_text()))


def test_what_it_leaves_in_the_background_is_not_waited_for(lab, drain):
    told, mark = [], lab.directory / "child"
    works = [lambda: told.append(drain(f"sleep 1000 & echo $! > {mark}", timeout_seconds=1))]
    assert not side_by_side(works, 1)
    child = int(mark.read_text())
    try:
        assert told == [None]
        assert is_running(child), "a daemon that it started goes on"
    finally:
        os.kill(child, signal.SIGKILL)


def is_running(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def test_a_secret_of_the_inventory_is_not_told(lab, drain):
    lab.hosts("workstations = [('rig1', {'ssh_hostname': '192.0.2.1', 'ssh_password': 'h0rse-s'})]")
    assert "h0rse-s" not in drain("echo h0rse-s; exit 1")
