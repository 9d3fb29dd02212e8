"""The commands with real restic: exit codes, and what people and programs read."""

import argparse
import json

import pytest
from deeprig_host.backup.proof_commands import add_proofs

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
    parser = argparse.ArgumentParser()
    add_proofs(parser.add_subparsers(required=True))

    def run(*words):
        options = parser.parse_args([*words, "--restic", restic])
        code = options.command(rig.machine, options)
        return code, capsys.readouterr().out

    return run


def test_list_shows_snapshots_to_people_and_as_json(rig, call):
    snapshot = rig.back_up("--tag", "deeprig")
    code, text = call("list")
    assert code == 0
    assert text.splitlines()[0].split() == ["ID", "TIME", "(UTC)", "HOST", "TAGS", "PATHS"]
    assert text.splitlines()[1].startswith(snapshot.short_id)
    told = json.loads(call("list", "--json")[1])
    assert [one["id"] for one in told["snapshots"]] == [snapshot.id]


def test_check_and_drill_exit_with_1_on_damage(rig, call):
    rig.back_up()
    assert call("check") == (0, "disk: good: part 1/1 of the data\n")
    code, text = call("drill", "--files", "3")
    assert code == 0
    assert text.startswith("disk: good: 3 of 6 files of snapshot ")
    rig.spoil(rig.packs()[0])
    code, text = call("check")
    assert code == 1
    assert "repository contains errors" in text
    code, text = call("drill", "--json", "--seed", "of May")
    assert code == 1
    told = json.loads(text)["disk"]
    assert (told["outcome"], told["seed"]) == ("failed", "of May")


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
