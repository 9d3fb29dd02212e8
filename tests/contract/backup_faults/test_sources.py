"""What is backed up: gone, empty, unreadable, growing, on servers that do not answer."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.contract.backup_faults.conftest import NEEDS_ROOT, digests, wait_until
from tests.contract.backup_faults.rows import record

WAIT_SECONDS = 2.0


@pytest.fixture
def patience(monkeypatch):
    """A shorter wait for a mount's answer."""
    for module in ("mounts", "sources"):
        monkeypatch.setattr(f"deeprig_host.backup.{module}.ANSWER_SECONDS", WAIT_SECONDS)


def test_a_source_is_gone(rig):
    rig.configure(sources="/home /data")
    assert rig.run("run") == 1
    told = "/data does not exist; make it, or take it out of sources"
    assert told in rig.told()
    assert rig.snapshots()[-1]["tags"][:2] == ["deeprig", "incomplete"], "what is there is kept"
    assert rig.restored() == digests(rig.machine.path("/home"))
    (rig.root / "data").mkdir()
    record("a source is gone", "backup", told, rig.proves())


def test_a_source_goes_after_it_was_looked_at(rig):
    (rig.root / "data").mkdir()
    (rig.root / "data" / "x").write_text("x")
    rig.configure(sources="/home /data")
    rig.script(f'case "$1" in backup) rm -rf {rig.root}/data;; esac')
    good = rig.job().success_time
    assert rig.run("run") == 1
    told = "does not exist, skipping"
    assert told in rig.told()
    assert rig.job().success_time == good
    (rig.root / "data").mkdir()
    (rig.root / "data" / "x").write_text("x")
    record("a source goes after it was looked at", "backup", told, rig.proves())


def test_a_source_is_empty(rig):
    kept = rig.root / "kept"
    rig.home.rename(kept)
    assert rig.run("run") == 1
    told = "is empty, and was not the last time: a disk that is not mounted, or deleted files"
    assert told in rig.told()
    kept.rename(rig.home)
    record("a source is empty, and was not", "backup", told, rig.proves())


@NEEDS_ROOT
def test_a_file_gives_an_input_output_error_and_another_goes(rig, fuse):
    place = rig.home / "disk"
    place.mkdir()
    server = fuse(place, "faulty")
    good = rig.job().success_time
    assert rig.run("run") == 1
    assert f"{place}/broken.bin (Input/output error)" in rig.told()
    assert rig.job().success_time == good
    assert {"ada/disk/good.txt"} <= set(rig.restored()), "what can be read is kept"
    end(server, place)
    told = "partial: .../broken.bin (Input/output error)"
    record("a file gives an I/O error", "backup", told, rig.proves())


def end(server, place):
    server.kill()
    server.wait()
    subprocess.run(["umount", "--lazy", place], check=True)


@NEEDS_ROOT
def test_a_file_goes_while_the_backup_runs(rig, fuse):
    place = rig.home / "disk"
    place.mkdir()
    server = fuse(place, "vanishing")
    assert rig.run("run") == 0, rig.told()
    told = "removed by somebody while the backup ran"
    if not rig.is_newer:  # from 0.17 on restic itself passes over it
        assert rig.job().remarks[-1] == f"{told}: {place}/gone.txt"
    assert rig.restored() == digests(rig.machine.path("/home"))
    end(server, place)
    record("a file goes while the backup runs", "none", told, rig.proves())


GROWING = """
case "$1" in
  backup)
    ( while sleep 0.01; do head -c 200000 /dev/urandom; done >> {file} ) & grower=$!
    while [ "$(stat -c %s {file})" -lt 3000000 ]; do sleep 0.01; done
    "$RESTIC" "$@"; code=$?
    end=$(( $(stat -c %s {file}) + 1000000 ))
    while [ "$(stat -c %s {file})" -lt $end ]; do sleep 0.01; done
    kill $grower; wait $grower; exit $code;;
esac"""


def test_a_file_grows_while_it_is_read(rig):
    file = rig.home / "training.log"
    file.write_bytes(b"")
    rig.script(GROWING.format(file=file))
    assert rig.run("run", "--repository", "disk") == 0
    whole = file.read_bytes()
    held = rig.content("ada/training.log")
    assert 3_000_000 <= len(held) < len(whole)
    assert whole.startswith(held), "what the snapshot has is what the file began with"
    record("a file grows while it is read", "none", "the snapshot has its beginning", rig.proves())


@NEEDS_ROOT
def test_a_network_mount_does_not_answer(rig, fuse, patience):
    place = rig.home / "nas"
    place.mkdir()
    server = fuse(place, "silent")
    assert rig.run("run") == 1
    told = f"does not answer within {WAIT_SECONDS:g} s (fuse of faulty)"
    assert f"/home/ada/nas {told}" in rig.told()
    assert len(rig.job().reasons) == 1, "restic was not let into it"
    assert "ada/project/data0" in rig.restored(), "what can be read is kept"
    rig.configure(sources="/home/ada/nas")
    assert rig.run("run") == 1
    assert rig.job().details.get("snapshot") is None
    rig.configure()
    end(server, place)
    fault = "a network mount in a source does not answer"
    record(fault, "backup", told.replace(f"{WAIT_SECONDS:g} s", "20 s"), rig.proves())


@NEEDS_ROOT
def test_a_network_mount_stops_answering_while_it_is_read(rig, fuse, monkeypatch):
    monkeypatch.setattr("deeprig_host.backup.visit._HOUR_SECONDS", 4.0)
    monkeypatch.setattr("deeprig_host.backup.restic._LET_GO_SECONDS", 2)
    rig.configure("prune = elsewhere\nlongest_hours = 1")
    place = rig.home / "nas"
    place.mkdir()
    server = fuse(place, "stalling")
    good = rig.job().success_time
    assert rig.run("run") == 1
    told = "too long: "
    assert told in rig.told()
    assert "raise longest_hours" in rig.told()
    assert rig.job().success_time == good
    owners = [json.loads(rig.ask("cat", "lock", "--no-lock", lock)) for lock in rig.locks()]
    end(server, place)
    # Killed, it ends when the mount does, and is seen until init has reaped it.
    for owner in owners:
        process = Path(f"/proc/{owner['pid']}")
        wait_until(lambda process=process: not process.exists(), "an end of the killed restic")
    monkeypatch.undo()
    fault = "a network mount stops answering while it is read"
    record(fault, "backup, after longest_hours", f"{told}... raise longest_hours", rig.proves())


@NEEDS_ROOT
def test_a_network_mount_is_stale(rig, fuse):
    place = rig.home / "nas"
    place.mkdir()
    server = fuse(place, "silent")
    server.kill()
    server.wait()
    assert rig.run("run") == 1
    told = "(Transport endpoint is not connected)"
    assert told.lower() in rig.told().lower()
    assert "ada/project/data0" in rig.restored()
    subprocess.run(["umount", "--lazy", place], check=True)
    shutil.rmtree(place)
    record("a network mount in a source is stale", "backup", f"partial: ... {told}", rig.proves())
    assert not os.path.ismount(place)
