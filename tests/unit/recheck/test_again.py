"""Before a run: who is as he was is told so; a record that does not count is not asked."""

import subprocess
import sys
import time
from dataclasses import replace

import pytest

from deeprig import __version__
from deeprig.recheck import record as records
from deeprig.recheck.again import look_again
from deeprig.recheck.inputs import mark_of, variables
from deeprig.recheck.record import Asked, HostRecord, Record
from tests.unit.recheck.conftest import KEY, SHELL, answered

WORDS = ("apply", "lab.py")
RUN = {"host": "rig1", "status": "ok", "operations": [], "round_trips": 1}


@pytest.fixture
def record(monkeypatch, tmp_path, lab):
    """The record of a host that answers from a file, and of one that never answers."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    told, file = tmp_path / "told", lab / "inventory" / "lab.py"
    told.write_text("1")
    texts = ("true", f"cat {told}")
    host = HostRecord(
        SHELL,
        sudo=False,
        answers={number: answered(text) for number, text in enumerate(texts)},
        run=RUN,
        evaluated="2026-11-22T08:00:00Z",
        leaves_status=False,
    )
    return Record(
        version=__version__,
        key=KEY.hex(),
        variables=records.digest(KEY, variables().encode()),
        directory=str(lab),
        inventory="lab.py",
        order=("rig1", "rig2"),
        marks={str(file): mark_of(str(file))},
        questions=tuple(Asked("sh", text, "") for text in texts),
        hosts={"rig1": host, "rig2": replace(host, ssh=("false",))},
    )


def again(record, meanwhile=None):
    # Of now: pytest tells setup and test apart by a variable.
    told = records.digest(KEY, variables().encode())
    records.save(records.place_of(WORDS), replace(record, variables=told))
    if meanwhile is not None:
        meanwhile()
    return look_again(WORDS, 2)


def test_who_answers_as_ever_is_the_same_and_who_does_not_is_the_rest(record):
    found = again(record)
    assert set(found.same) == {"rig1"}
    assert found.same["rig1"]["evaluated"] == "2026-11-22T08:00:00Z"
    assert found.rest == {"rig2"}
    assert not found.is_whole
    assert found.why == {"rig2": "no answer (ssh: 1)"}


def test_all_hosts_the_same_are_a_whole_report(record):
    found = again(replace(record, hosts={"rig1": record.hosts["rig1"]}, order=("rig1",)))
    assert found.is_whole
    document = found.document()
    assert [host["host"] for host in document["hosts"]] == ["rig1"]
    assert document["schema"] == "deeprig.apply/1"


def test_a_host_without_a_record_is_of_the_rest(record):
    found = again(replace(record, hosts={"rig1": record.hosts["rig1"]}))
    assert (found.rest, found.is_whole) == ({"rig2"}, False)


def test_another_answer_is_told_with_its_question(record, tmp_path):
    (tmp_path / "told").write_text("2")
    found = again(record)
    assert (found.same, found.rest) == ({}, None)
    assert found.why["rig1"] == f"another answer to: cat {tmp_path / 'told'}"


@pytest.mark.parametrize("change", ["file", "variable", "version", "no record"])
def test_a_record_of_something_else_is_not_asked(record, change, monkeypatch, lab):
    def meanwhile():
        if change == "file":
            time.sleep(0.02)  # beyond the tick in which a file system tells one time from another
            (lab / "inventory" / "lab.py").write_text("hosts = [1]\n")
        if change == "variable":
            monkeypatch.setenv("LAB_WORD", "other")
        if change == "no record":
            records.forget(records.place_of(WORDS))

    found = again(replace(record, version="0") if change == "version" else record, meanwhile)
    assert (found.record, found.same, found.rest, found.is_whole) == (None, {}, None, False)
    assert list(found.why) == ["all hosts"]


def test_a_recheck_loads_nothing_that_takes_long():
    """Neither what evaluates nor what draws: it is all that a re-run does."""
    asked = "import sys, deeprig.cli.apply, deeprig.cli.rechecking, deeprig.cli.running;"
    asked += "import deeprig.recheck.again, deeprig.cli.closing, deeprig.report.store;"
    asked += "import deeprig.inventory.sources.source, deeprig.update_request;"
    asked += "print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    heavy = {"pyinfra", "gevent", "paramiko", "pydantic", "rich", "jinja2", "requests"}
    assert not heavy & set(done.stdout.split())
