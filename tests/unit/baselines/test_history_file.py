"""The file of a history: whole at every moment, bounded, and never lost when it is strange."""

import errno
import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deeprig.baselines import history_file
from tests.unit.baselines.runs import GPU, Rig

ROOT = Path(__file__).parents[3]


@pytest.fixture
def rig(tmp_path):
    return Rig(tmp_path)


def asides(rig):
    return sorted(path.name for path in rig.path.parent.glob("*.unreadable-*"))


GOOD = {"sequence": 1, "verified": "", "version": "", "runs": []}
SCHEMA = {"schema": "deeprig.baseline/1"}
RUN = {"environment": "", "test": "", "profile": "", "hardware": "", "software": {}, "values": []}


@pytest.mark.parametrize(
    "line",
    [
        "no JSON",
        '{"schema": "deeprig.baseline/1", "sequ',
        "",
        "[]",
        "[" * 100_000,
        json.dumps({**GOOD, "schema": "deeprig.baseline/2"}),
        json.dumps({**GOOD, **SCHEMA, "runs": 3}),
        json.dumps({**GOOD, **SCHEMA, "more": 3}),
        json.dumps({**GOOD, **SCHEMA, "runs": [{**RUN, "software": {"driver": 580}}]}),
        json.dumps({**GOOD, **SCHEMA, "runs": [{**RUN, "values": [
            {"case": "a", "name": "b", "unit": "", "better": "higher", "value": float("nan")}]}]}),
        json.dumps({**GOOD, **SCHEMA, "runs": [{**RUN, "values": [
            {"case": "a", "name": "b", "unit": "", "better": "higher", "value": 0.5}]}]}
        ).replace("0.5", "1e999"),
    ],
)  # fmt: skip
def test_a_strange_line_is_told_the_file_moved_aside_and_the_rest_kept(rig, line):
    rig.history(*[100.0] * 5)
    broken = rig.path.read_text() + line + "\n"
    rig.path.write_text(broken)
    check, told = rig.checks(50.0)
    assert check.outcome == "fail", "the five good lines still promise 100"
    assert told.name == "what earlier runs measured can be read"
    assert told.outcome == "not applicable"
    assert "1 line cannot be read (line 6: " in told.evidence
    assert "5 earlier runs were kept" in told.evidence
    assert asides(rig) == ["rig1.jsonl.unreadable-1"]
    assert (rig.path.parent / asides(rig)[0]).read_text() == broken
    assert rig.rates == [100.0] * 5
    (check,) = rig.checks(100.0)
    assert check.outcome == "pass"


def test_a_foreign_file_is_moved_aside_and_a_history_begun(rig):
    rig.path.parent.mkdir(parents=True)
    for number in (1, 2):
        rig.path.write_bytes(b"\xff\xfe\x00 somebody's photograph\n")
        _, told = rig.checks(100.0)
        assert "0 earlier runs were kept" in told.evidence
        assert len(asides(rig)) == number, "an earlier one that was moved aside is lost"
        assert rig.rates == [100.0]


def test_words_of_a_host_cannot_break_a_line(rig):
    cuda = {"build": "13", "names": [f"{GPU}\n\u2028\x85\x1c"], "error": None}
    rig.history(100.0, 100.0, cuda=cuda)
    assert len(rig.path.read_bytes().splitlines()) >= 2
    assert len(history_file.read(rig.path).entries) == 2


def test_a_twins_strange_file_is_told_and_left_as_it_is(rig):
    twin = Rig(rig.lab, "rig2")
    twin.history(*[100.0] * 5)
    text = twin.path.read_text() + "no JSON\n"
    twin.path.write_text(text)
    check, told = rig.checks(50.0)
    assert check.outcome == "fail"
    assert f"{twin.path}: not all of it can be read (line 6: " in told.evidence
    assert twin.path.read_text() == text


def test_a_history_that_cannot_be_read_is_unknown_and_verify_goes_on(rig):
    rig.path.mkdir(parents=True)
    (check,) = rig.checks(100.0)
    assert check.outcome == "unknown"
    assert os.strerror(errno.EISDIR) in check.evidence
    assert str(rig.path) in check.evidence


def test_a_twins_file_that_cannot_be_read_is_told_and_no_twin(rig):
    Rig(rig.lab, "rig2").path.mkdir(parents=True)
    check, told = rig.checks(100.0)
    assert check.outcome == "not applicable"
    assert f"rig2.jsonl: it cannot be read: {os.strerror(errno.EISDIR)}" in told.evidence
    assert rig.rates == [100.0]


def test_a_history_that_cannot_be_written_is_unknown_and_stays_as_it_was(rig, monkeypatch):
    rig.history(*[100.0] * 5)
    before = rig.path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "the disk")

    monkeypatch.setattr(history_file.os, "fsync", full)
    (check,) = rig.checks(100.0)
    assert check.outcome == "unknown"
    assert os.strerror(errno.ENOSPC) in check.evidence
    assert rig.path.read_bytes() == before
    left = sorted(path.name for path in rig.path.parent.iterdir())
    assert left == [".lock", "rig1.jsonl"]


def test_earlier_lines_are_never_changed(rig):
    rig.history(100.0, 101.0)
    before = rig.path.read_bytes()
    rig.history(99.0)
    assert rig.path.read_bytes().startswith(before)


def test_it_is_bounded_by_what_still_matters(rig, monkeypatch):
    monkeypatch.setattr(history_file, "KEPT_RUNS", 6)
    for _ in range(3):
        rig.verify(100.0, profile="acceptance")
    for _ in range(20):
        rig.verify(100.0)
    profiles = [line["runs"][0]["profile"] for line in rig.lines]
    assert profiles == ["acceptance"] * 3 + ["smoke"] * 6, "rare runs are not driven out"
    assert rig.lines[-1]["sequence"] == 23
    monkeypatch.setattr(history_file, "KEPT_LINES", 4)
    rig.verify(100.0)
    assert [line["sequence"] for line in rig.lines] == [21, 22, 23, 24]


@pytest.mark.parametrize("name", ["..", "a/b", "rig 1", "räuber", "%2F"])
def test_any_name_of_a_host_is_a_file_of_its_own(tmp_path, name):
    path = history_file.path_of(tmp_path, name)
    assert path.parent == tmp_path / ".deeprig" / "baselines"
    Rig(tmp_path, "other").verify()
    other = history_file.path_of(tmp_path, "other")
    assert history_file.others(tmp_path, name) == {"other": other}
    path.touch()
    assert history_file.others(tmp_path, "other") == {name: path}


def test_another_run_of_deeprig_waits_its_turn(rig):
    """A second process adds a line only once the first has let go; none is lost."""
    program = (
        "import sys; from pathlib import Path; from tests.unit.baselines.runs import Rig\n"
        "print('begun', flush=True); Rig(Path(sys.argv[1])).verify(); print('done', flush=True)"
    )
    with history_file.exclusively(rig.lab):
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(rig.lab)],
            stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        assert rig.lines == []
    out, _ = process.communicate(timeout=60)
    assert (out, process.returncode) == ("done\n", 0)
    assert len(rig.lines) == 1


def test_the_lock_is_given_back_also_after_a_fault(rig):
    with pytest.raises(RuntimeError), history_file.exclusively(rig.lab):
        raise RuntimeError
    with (rig.path.parent / ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
