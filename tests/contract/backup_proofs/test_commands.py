"""The commands with real restic: exit codes, and what people and programs read."""

import json

import pytest
from deeprig_host.backup.__main__ import main

from tests.unit.report.small_documents import mistakes

CONFIG = """[backup]
sources = /home
tag = rig
[repository disk]
url = /backup/restic
password_file = /etc/deeprig/backup/disk.password
check_subset = 1/1
lock_wait_minutes = 0
keep_last = 3
"""


@pytest.fixture
def call(rig, restic, capsys):
    """Runs a command; returns its exit code and what it printed."""
    rig.machine.path("/etc/deeprig/backup.conf").write_text(CONFIG)

    def run(*words):
        code = main(["--root", str(rig.machine.root), *words, "--restic", restic])
        return code, capsys.readouterr().out

    return run


def test_list_shows_snapshots_to_people_and_as_json(rig, call):
    snapshot = rig.back_up("--tag", "deeprig")
    code, text = call("list")
    assert code == 0
    assert text.splitlines()[0].split() == ["ID", "TIME", "(UTC)", "HOST", "TAGS", "PATHS"]
    assert text.splitlines()[1].startswith(snapshot.short_id)
    told = json.loads(call("list", "--json")[1])
    assert mistakes(told, "backup-list") == []
    assert mistakes(told["repositories"]["disk"]["snapshots"][0], "backup snapshot") == []
    assert [one["id"] for one in told["repositories"]["disk"]["snapshots"]] == [snapshot.id]


def test_check_and_drill_exit_with_1_on_damage(rig, call):
    rig.back_up()
    assert call("check") == (0, "disk: good: part 1/1 of the data\n")
    code, text = call("drill", "--files", "3")
    assert code == 0
    assert text.startswith("disk: good: 3 of 6 files of snapshot ")
    rig.spoil(rig.packs()[0])
    code, text = call("check")
    assert code == 1
    assert "the repository is damaged: " in text
    code, text = call("drill", "--json", "--seed", "of May")
    assert code == 1
    told = json.loads(text)
    assert (mistakes(told, "backup-drill"), told["ok"]) == ([], False)
    drilled = told["repositories"]["disk"]
    assert mistakes(drilled, "backup job") == []
    assert (drilled["outcome"], drilled["details"]["seed"]) == ("failed", "of May")


def test_restore_tells_what_it_kept_and_what_it_replaced(rig, call):
    snapshot = rig.back_up()
    words = ("restore", "--include", str(rig.home), "--target", "/target")
    code, text = call(*words, "--dry-run")
    assert (code, rig.machine.path("/target").exists()) == (0, False)
    assert text == f"a dry run, of snapshot {snapshot.short_id}: 8 created\n"
    assert call(*words)[0] == 0
    there = rig.machine.path("/target") / str(rig.home).lstrip("/")
    (there / "project/data0").write_bytes(b"newer")
    code, text = call(*words)
    assert code == 0
    assert "1 kept" in text
    assert f"  kept: {there}/project/data0: it is newer than the snapshot's\n" in text
    told = json.loads(call(*words, "--overwrite", "all", "--json")[1])
    assert [one["action"] for one in told["placed"] if one["path"].endswith("data0")] == [
        "replaced"
    ]


def test_a_whole_snapshot_is_restored_by_all(rig, call):
    rig.back_up()
    assert call("restore", "--all", "--target", "/target")[0] == 0
    there = rig.machine.path("/target") / str(rig.machine.path("/var/lib")).lstrip("/")
    assert (there / "deeprig/backup/canary/canary").exists()


def test_a_snapshot_that_lacks_a_source_is_restored_only_where_it_is_named(rig, call):
    words = ("restore", "--include", str(rig.home), "--target", "/target")
    lacking = rig.back_up("--tag", "deeprig,incomplete")
    told = json.loads(call(*words, "--json")[1])["refused"]
    assert told["reason"] == f"the newest snapshot of rig, {lacking.short_id}, lacks a source"
    assert told["evidence"] == ["there is none that is whole"]
    whole = rig.back_up("--tag", "deeprig")
    lacking = rig.back_up("--tag", "deeprig,incomplete")
    rig.back_up(host="other")
    for dry in ((), ("--dry-run",)):
        code, text = call(*words, *dry, "--json")
        told = json.loads(text)["refused"]
        assert (code, told["evidence"]) == (1, [f"{whole.short_id} is the newest whole one"])
        assert not rig.machine.path("/target").exists()
    for one, is_complete in ((whole, True), (lacking, False)):
        named = (*words, "--snapshot", one.id)
        code, text = call(*named, "--json")
        assert (code, json.loads(text)["snapshot"]["is_complete"]) == (0, is_complete)
        assert ("it lacks a source" in call(*named)[1]) is not is_complete


def test_the_newest_snapshot_is_asked_of_the_repository_itself(rig, call):
    assert call("newest") == (1, "disk: unknown: it holds no snapshot of rig\n")
    rig.back_up(host="other")
    snapshot = rig.back_up("--tag", "deeprig,incomplete")
    rig.back_up(host="other")
    code, text = call("newest", "--json")
    told = json.loads(text)["repositories"]["disk"]
    assert (code, told["id"], told["is_complete"]) == (0, snapshot.id, False)
    assert told["time"] == pytest.approx(snapshot.time_ns / 1e9)
    rig.back_up("--time", "2099-01-01 00:00:00")
    assert json.loads(call("newest", "--json")[1])["repositories"]["disk"]["id"] == snapshot.id
    rig.repository_directory.rename(rig.repository_directory.with_name("away"))
    code, text = call("newest", "--json")
    told = json.loads(text)
    assert (code, told["ok"], told["repositories"]["disk"]["time"]) == (1, False, None)
    assert "no repository" in told["repositories"]["disk"]["reason"]


def test_a_refusal_is_a_document_too(rig, call):
    code, text = call("restore", "--all", "--snapshot", "abcd", "--json")
    told = json.loads(text)
    assert (code, told["schema"], told["ok"]) == (1, "deeprig.backup-restore/1", False)
    assert mistakes(told["refused"], "backup refusal") == []
    assert told["refused"]["reason"] == "no snapshots fit 'abcd'"


def test_another_hosts_snapshot_is_restored_when_that_host_is_named(rig, call):
    theirs = rig.back_up(host="other")
    rig.back_up()
    words = ("restore", "--include", str(rig.home), "--target", "/target", "--json", "--dry-run")
    assert json.loads(call(*words)[1])["snapshot"]["host"] == "rig"
    told = json.loads(call(*words, "--host", "other")[1])
    assert (told["snapshot"]["id"], told["is_dry_run"]) == (theirs.id, True)
    assert told["counts"] == {"created": len(told["placed"])}
    assert mistakes(told, "backup-restore") == []


def test_progress_of_every_long_work_is_json_on_standard_error(rig, restic, capsys):
    rig.machine.path("/etc/deeprig/backup.conf").write_text(CONFIG)
    for command in (
        ("run",),
        ("check",),
        ("drill", "--files", "2"),
        ("restore", "--include", str(rig.home), "--target", "/t"),
    ):
        root = ("--root", str(rig.machine.root))
        words = (*root, *command, "--restic", restic, "--progress", "json", "--json")
        assert main(words) in ((0, 1) if command == ("run",) else (0,))
        said = capsys.readouterr()
        told = [json.loads(line) for line in said.err.splitlines()]
        assert told, command
        assert {one["repository"] for one in told} == {"disk"}
        what = "backup" if command == ("run",) else command[0]
        assert all(one["what"] == what and one["step"] for one in told)
        assert mistakes(json.loads(said.out), f"backup-{command[0]}") == []
        if command == ("run",):
            rig.back_up()
