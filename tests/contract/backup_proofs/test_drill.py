"""`backup drill` with real restic: what would not restore is found, and scratch is always freed."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from deeprig_host.backup import comparing, room
from deeprig_host.backup.drill import Plan, drill
from deeprig_host.backup.proofs import Proofs
from deeprig_host.backup.sample import Limits
from deeprig_host.backup.status import read_status


def run(rig, seed="1", **fields):
    return drill(rig.machine, rig.restic, rig.backup, rig.repository, Plan(seed, **fields))


def test_a_sound_repository_is_good_and_every_file_was_compared_with_the_live_one(rig):
    snapshot = rig.back_up()
    done = run(rig)
    assert done.outcome == "good", done
    assert (done.files, done.live, done.recorded, done.candidates) == (6, 6, 0, 6)
    assert done.snapshot == snapshot.short_id
    assert rig.scratch_left() == []


def test_files_that_changed_are_compared_with_what_restic_recorded(rig):
    rig.back_up()
    rig.file("project/data0", b"another")
    (rig.home / "project/data1").unlink()
    done = run(rig)
    assert (done.outcome, done.live, done.recorded) == ("good", 4, 2)


def test_a_turned_byte_in_a_pack_is_found(rig):
    rig.back_up()
    rig.spoil(rig.packs()[0])
    done = run(rig)
    assert done.outcome == "failed"
    assert any("/home/alice/project/data" in line for line in done.wrong)
    assert rig.scratch_left() == []


def test_a_live_file_that_differs_with_no_time_changed_is_found(rig, monkeypatch):
    rig.back_up()
    # A disk that turns a byte changes no time: no program can do that here, so its answer is faked.
    real = rig.home / "project/data0"
    digest = comparing._digest
    monkeypatch.setattr(comparing, "_digest", lambda path: b"x" if path == real else digest(path))
    done = run(rig)
    assert done.outcome == "failed"
    assert done.wrong[0].startswith(f"{real}: it differs from the live file")


def test_names_that_are_patterns_and_hard_links_are_restored(rig):
    (rig.home / "project/data0").unlink()
    rig.file("a/*[x]\\?.bin", b"stars" * 100)
    os.link(rig.file("links/one", b"link" * 500), rig.home / "links/two")
    rig.back_up()
    for seed in "123":
        done = run(rig, seed, limits=Limits(files=3))
        assert (done.outcome, done.files) == ("good", 3), done
    assert run(rig).live == 8


@pytest.mark.parametrize(
    ("canary", "wrong"),
    [
        ({"canary_host": "other"}, "is of host 'other'"),
        ({"canary_age": 90_000}, "s older than the snapshot"),
    ],
)
def test_a_canary_that_is_not_of_this_backup_is_found(rig, canary, wrong):
    rig.back_up(**canary)
    done = run(rig)
    assert done.outcome == "failed"
    assert wrong in done.wrong[0]


def test_a_snapshot_without_the_canary_is_not_good(rig):
    rig.ask("backup", "--host", "rig", str(rig.home))
    done = run(rig)
    assert done.outcome == "failed"
    assert "the canary was not restored" in done.wrong[0]


def test_a_snapshot_of_another_host_proves_nothing(rig):
    rig.back_up(host="other")
    done = run(rig)
    assert done.outcome == "unproven"
    assert "no snapshots fit 'latest' of host 'rig'" in done.wrong[0]


def test_a_snapshot_without_files_proves_nothing(rig):
    for path in (rig.home / "project").iterdir():
        path.unlink()
    rig.back_up()
    assert run(rig).outcome == "unproven"


def test_without_room_nothing_is_restored(rig, monkeypatch):
    rig.back_up()
    monkeypatch.setattr(room, "RESERVE_BYTES", 1 << 60)
    done = run(rig)
    assert done.outcome == "unproven"
    assert "not enough room" in done.wrong[0]
    assert rig.scratch_left() == []


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 KiB: root only."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", place], check=True)
    yield place
    # Lazily: gevent, which the tests' process is patched with, closes files a moment later.
    subprocess.run(["umount", "--lazy", place], check=True)


def test_a_disk_that_fills_up_during_the_drill_is_no_damage_and_is_freed(
    rig, small_disk, monkeypatch
):
    rig.back_up()
    # Somebody else takes the room between the look and the restore.
    monkeypatch.setattr("deeprig_host.backup.drill.check_room", lambda *_: None)
    done = run(rig, scratch="/../small")
    assert done.outcome == "unproven", done
    assert any("no space left on device" in line for line in done.evidence)
    assert list(small_disk.iterdir()) == []


def test_a_full_disk_is_seen_before_anything_is_written(rig, small_disk):
    rig.back_up()
    done = run(rig, scratch="/../small")
    assert (done.outcome, list(small_disk.iterdir())) == ("unproven", [])


KILLED = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from deeprig_host.backup.scratch import scratches
from deeprig_host.machine.commands import Machine
from deeprig_host.backup.ending import ended_in_order
with ended_in_order(), scratches(Machine(Path(sys.argv[2]))) as made:
    (made.make(Path(sys.argv[2])) / "copy").write_text("x")
    print("made", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other_run(rig):
    """Another process that has a scratch directory, until it is ended."""
    host = str(next(path for path in sys.path if path.endswith("/host")))
    words = [sys.executable, "-c", KILLED, host, str(rig.machine.root)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"made\n"
        yield process
        process.kill()


def test_what_a_killed_run_left_is_freed_by_the_next(rig, other_run):
    rig.back_up()
    assert run(rig).outcome == "unproven", "another run has the scratch space"
    other_run.kill()
    other_run.wait()
    assert len(rig.scratch_left()) == 2
    assert run(rig).outcome == "good"
    assert rig.scratch_left() == []


def test_a_run_that_is_told_to_end_frees_its_scratch_itself(rig, other_run):
    other_run.terminate()
    assert other_run.wait() == 143
    assert rig.scratch_left() == []


def test_the_status_tells_the_drill_and_when_it_was_last_good(rig):
    rig.back_up()
    proofs = Proofs(rig.machine, rig.backup, rig.restic, lambda: rig.now)
    assert proofs.drill((rig.repository,), Plan("7"))["disk"].outcome == "good"
    rig.spoil(rig.packs()[0])
    rig.now += 100
    ended = proofs.drill((rig.repository,), Plan("7"))["disk"]
    told = read_status(rig.machine, "disk").jobs["drill"]
    assert (told.outcome, told.success_time) == ("failed", rig.now - 100)
    assert told.details["seed"] == "7"
    assert told.details["outcome"] == "failed"
    assert ended.reasons


def test_what_restic_restores_it_is_told_to_read_again(rig, restic, tmp_path):
    rig.back_up()
    program, log = tmp_path / "logged", tmp_path / "log"
    program.write_text(f'#!/bin/sh\necho "$*" >> {log}\nexec {restic} "$@"\n')
    program.chmod(0o755)
    rig.restic = replace(rig.restic, program=str(program))
    assert run(rig).outcome == "good"
    (restored,) = (line for line in log.read_text().splitlines() if line.startswith("restore "))
    assert " --verify " in restored
