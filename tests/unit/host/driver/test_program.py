"""The program itself, as the controller runs it: out of an archive, one JSON object, exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from deeprig_host.driver.exclusive import exclusive
from deeprig_host.driver.journal import DIRECTORY

from deeprig.host_programs import build_archive

from .conftest import NEW, OLD
from .lab import SET, driver, install, order, versions

PROGRAMS = Path(__file__).parents[4] / "host"


@pytest.fixture
def program(rig, tmp_path):
    archive = tmp_path / "host.pyz"
    archive.write_bytes(build_archive(PROGRAMS, "driver"))

    def run(*arguments, stdin=""):
        done = subprocess.run(
            [sys.executable, str(archive), "driver", "--root", str(rig.root), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | rig.environment,
        )
        assert done.stdout.count("\n") <= 1, done.stdout
        return done.returncode, json.loads(done.stdout or "null"), done.stderr

    return run


def test_a_whole_change_is_told_as_one_object_and_its_progress_on_the_way(rig, program):
    rig.publish(*driver(OLD), *driver(NEW))
    install(rig, OLD)
    code, answer, told = program("change", stdin=json.dumps(order(NEW).raw))
    assert (code, answer["outcome"], answer["phase"]) == (0, "good", "swapped"), answer
    assert f"exchanging the driver: {OLD} -> {NEW}" in told
    assert versions(rig) == f"1:{NEW}-1"
    assert program("observe")[1]["transaction"]["phase"] == "swapped"
    code, answer, _ = program("restore", "--reason", "it fails")
    assert (code, answer["phase"]) == (0, "restored")
    assert versions(rig) == f"1:{OLD}-1"
    code, answer, _ = program("confirm")
    assert (code, answer["phase"]) == (0, "confirmed")
    assert program("observe")[1]["transaction"] is None
    assert rig.held() == set(SET)


def test_a_refusal_is_told_as_an_object_too(program):
    code, answer, _ = program("change", stdin=json.dumps(order("599.1").raw))
    assert (code, answer["outcome"]) == (1, "refused")
    assert answer["remedy"]
    assert answer["evidence"]


@pytest.mark.parametrize("document", ["", "[]", "{}", '{"schema": "deeprig.driver.change/2"}'])
def test_an_order_that_cannot_be_read_is_refused(program, document):
    code, answer, _ = program("change", stdin=document)
    assert (code, answer["reason"]) == (1, "the order is unreadable")


def test_a_second_change_is_refused_and_names_the_first(rig, program):
    with exclusive(rig.machine):
        code, answer, _ = program("change", stdin=json.dumps(order(NEW).raw))
    assert (code, answer["outcome"]) == (1, "busy")
    assert "a driver change is running on this host" in answer["reason"]


def test_nothing_to_put_back_is_refused(program):
    assert program("restore")[:2][1]["reason"] == "no driver change is open on this host"


@pytest.mark.parametrize(
    "arguments",
    [(), ("nonsense",), ("prove", "--environment", "x"), ("observe", "--packages", "(")],
)
def test_bad_usage_exits_with_2_and_prints_no_object(program, arguments):
    code, answer, told = program(*arguments)
    assert (code, answer) == (2, None)
    assert "usage:" in told


def test_a_disk_that_takes_nothing_is_told_as_an_object_with_its_remedy(rig, program):
    place = rig.root / DIRECTORY.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("a file where the directory should be made: an OSError as a full disk's")
    code, answer, told = program("change", stdin=json.dumps(order(NEW).raw))
    assert (code, answer["outcome"]) == (1, "failed")
    assert answer["reason"] == "the driver program cannot go on"
    assert str(place) in answer["evidence"][0]
    assert answer["remedy"].startswith("make room")
    assert "Traceback" not in told


def test_a_worker_that_cannot_leave_its_answer_says_it_in_its_log(rig, program):
    place = rig.root / DIRECTORY.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("a file where the directory should be made")
    code, answer, told = program("restore", "--worker")
    assert (code, answer) == (1, None)
    assert "the answer cannot be left" in told
    assert '"outcome": "failed"' in told
    assert "Traceback" not in told
