"""Reports in the lab directory: private, whole, limited in number, and never somebody else's."""

import errno
import json
import os
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from deeprig.errors import DeeprigError, ExitCode, UsageProblem
from deeprig.inventory.place import lab_directory
from deeprig.report import store
from tests.unit.report import samples


def at(second, command="apply"):
    made = samples.full_verify() if command == "verify" else samples.run_report(command=command)
    return replace(made, started=f"2026-11-21T06:{second // 60:02}:{second % 60:02}Z")


def names(directory):
    return sorted(path.name for path in (directory / "reports").iterdir())


def test_a_report_is_stored_under_time_and_command_and_found_again(tmp_path):
    path = store.save(samples.full_apply(), tmp_path)
    assert path == tmp_path / "reports" / "20261121T061500Z-apply.json"
    assert store.load(path) == samples.full_apply()
    assert json.loads(path.read_text())["schema"] == "deeprig.apply/1"


def test_only_the_owner_may_read_it(tmp_path):
    before = os.umask(0)
    try:
        path = store.save(samples.full_apply(), tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_reports_of_the_same_second_do_not_replace_each_other(tmp_path):
    paths = [store.save(at(0), tmp_path) for _ in range(3)] + [store.save(at(0, "plan"), tmp_path)]
    assert [path.name for path in paths] == [
        "20261121T060000Z-apply.json",
        "20261121T060000Z-apply-2.json",
        "20261121T060000Z-apply-3.json",
        "20261121T060000Z-plan.json",
    ]
    assert store.newest(tmp_path, "apply") == paths[2]


def test_runs_at_the_same_time_all_keep_their_report(tmp_path):
    found, lock = [], threading.Lock()

    def save():
        path = store.save(at(0), tmp_path)
        with lock:
            found.append(path)

    threads = [threading.Thread(target=save) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 12
    assert all(store.load(path) == at(0) for path in found)
    assert len(names(tmp_path)) == 12, "no temporary file is left"


def test_the_newest_fifty_are_kept(tmp_path):
    paths = [store.save(at(second), tmp_path) for second in range(store.KEPT_COUNT + 3)]
    assert store.KEPT_COUNT == 50
    assert names(tmp_path) == [path.name for path in paths[3:]]


def test_newest_goes_by_when_the_run_started_not_by_when_the_file_was_touched(tmp_path):
    old, new = store.save(at(1), tmp_path), store.save(at(2), tmp_path)
    os.utime(old, (2e9, 2e9))
    assert store.newest(tmp_path) == new


def test_files_of_others_are_neither_shown_nor_removed(tmp_path):
    directory = tmp_path / "reports"
    directory.mkdir()
    foreign = ["mine.json", "notes.txt", "99991231T000000Z-apply-mine.json", "20261121-apply.json"]
    for name in foreign:
        (directory / name).write_text("{}")
    kept = [store.save(at(second), tmp_path) for second in range(store.KEPT_COUNT + 1)][-1]
    assert set(foreign) <= set(names(tmp_path))
    assert store.newest(tmp_path) == kept


def test_a_name_that_is_claimed_but_not_yet_filled_is_no_report(tmp_path):
    path = store.save(at(1), tmp_path)
    (tmp_path / "reports" / "20261121T070000Z-apply.json").touch()
    assert store.newest(tmp_path) == path


def test_a_disk_that_fills_up_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DeeprigError, match="No space left on device") as raised:
        store.save(samples.full_apply(), tmp_path)
    assert raised.value.exit_code == ExitCode.FAILED
    assert names(tmp_path) == []


def test_a_lab_directory_that_cannot_hold_reports_is_named(tmp_path):
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(DeeprigError, match="the report cannot be stored") as raised:
        store.save(samples.full_apply(), tmp_path)
    assert str(tmp_path / "reports") in str(raised.value)


def test_newest_of_a_command(tmp_path):
    plan = store.save(at(1, "plan"), tmp_path)
    verify = store.save(at(2, "verify"), tmp_path)
    apply = store.save(at(3), tmp_path)
    assert store.newest(tmp_path) == apply
    assert store.newest(tmp_path, "plan") == plan
    assert store.newest(tmp_path, "verify") == verify
    update = store.save(at(4, "update"), tmp_path)
    assert store.newest(tmp_path, "update") == update


@pytest.mark.parametrize("command", [None, "plan"])
def test_no_report_is_bad_usage_with_a_remedy(tmp_path, command):
    store.save(at(1, "verify"), tmp_path) if command else None
    with pytest.raises(UsageProblem, match=f"run 'deeprig {command or 'verify'}' first"):
        store.newest(tmp_path, command)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is not JSON"),
        (b"{", "it is not JSON"),
        (b"\xff\xfe\x00", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"9" * 5000, "it is not JSON"),
        (b"[]", "must be an object, not list"),
        (b"null", "must be an object, not NoneType"),
        (b"{}", "unknown schema None"),
        (b'{"schema": "deeprig.apply/2"}', "unknown schema 'deeprig.apply/2'"),
        (b'{"schema": {"a": 1}}', "unknown schema {'a': 1}"),
        (b'{"schema": "deeprig.verify/1"}', "is not the one of command None"),
        (b'{"schema": "deeprig.plan/1", "command": "plan"}', "started: missing"),
    ],
)
def test_a_file_that_is_no_report_is_bad_usage(tmp_path, content, message):
    path = tmp_path / "file.json"
    path.write_bytes(content)
    with pytest.raises(UsageProblem) as raised:
        store.load(path)
    assert message in str(raised.value)
    assert str(path) in str(raised.value)
    assert raised.value.problems[0].remedy


def test_a_file_that_cannot_be_read_is_bad_usage(tmp_path):
    with pytest.raises(UsageProblem, match="No such file or directory"):
        store.load(tmp_path / "none.json")
    with pytest.raises(UsageProblem, match="Is a directory"):
        store.load(tmp_path)


@pytest.mark.parametrize(
    ("inventory", "directory"),
    [
        ("/lab/inventory/lab.py", "/lab"),
        ("/lab/lab.py", "/lab"),
        ("/lab/inventory/more/lab.py", "/lab/inventory/more"),
    ],
)
def test_the_lab_directory_is_around_the_inventory(inventory, directory):
    assert lab_directory(Path(inventory)) == Path(directory)
