"""Where a backup goes to: gone, full, locked, closed. Each is told, and the next run is good."""

import shutil
import signal
import subprocess

import pytest

from tests.contract.backup_faults.conftest import NEEDS_ROOT, wait_until
from tests.contract.backup_faults.rows import record


def test_the_repository_is_gone(rig):
    away = rig.root / "away"
    rig.repository.rename(away)
    rig.configure("prune = elsewhere\ncreate = yes")
    for job in ("run", "check", "drill"):
        assert rig.run(job) == 1
    told = "is its disk mounted, its server right?"
    assert told in rig.told()
    assert {rig.job(name).outcome for name in ("backup", "check", "drill")} == {"failed"}
    assert not rig.repository.exists(), "one that was there is never made anew"
    away.rename(rig.repository)
    record("the repository is gone", "backup, check, drill", told, rig.proves())


@NEEDS_ROOT
def test_the_disk_of_the_repository_is_not_mounted(rig, mounted):
    rig.configure("prune = elsewhere\ncreate = yes\nmounts = /srv")
    good = rig.job().success_time
    assert rig.run("run") == 1
    told = "/srv is not mounted"
    assert told in rig.told()
    assert rig.job().success_time == good
    kept = rig.root / "kept"
    rig.repository.rename(kept)
    mounted(rig.machine.path("/srv"), "64m")
    shutil.copytree(kept, rig.repository)
    fault = "the repository's disk is not mounted"
    record(fault, "backup", told, rig.proves())


@NEEDS_ROOT
def test_the_server_of_the_repository_does_not_answer(rig, fuse, monkeypatch):
    monkeypatch.setattr("deeprig_host.backup.mounts.ANSWER_SECONDS", 1.0)
    monkeypatch.setattr("deeprig_host.backup.sources.ANSWER_SECONDS", 1.0)
    rig.configure("prune = elsewhere\nmounts = /srv")
    server = fuse(rig.machine.path("/srv"), "silent")
    assert rig.run("run") == 1
    told = "/srv does not answer within 1 s (fuse of faulty)"
    assert told in rig.told()
    server.kill()
    subprocess.run(["umount", "--lazy", rig.machine.path("/srv")], check=True)
    rig.configure()
    fault = "the repository's server does not answer (a network mount whose server is gone)"
    record(fault, "backup", told.replace("1 s", "20 s"), rig.proves())


@NEEDS_ROOT
def test_the_disk_of_the_repository_is_full(rig, mounted):
    kept = rig.root / "kept"
    rig.repository.rename(kept)
    disk = rig.machine.path("/srv")
    mounted(disk, "6m")
    shutil.copytree(kept, rig.repository)
    before = rig.snapshots()
    (rig.home / "large.bin").write_bytes(rig.noise(9_000_000))
    assert rig.run("run") == 1
    told = "full: "
    assert told in rig.told()
    assert "make room there" in rig.told()
    assert rig.snapshots() == before
    assert "large.bin" not in "".join(rig.restored())
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
    record("the repository's disk is full", "backup", f"{told}... make room there", rig.proves())


@pytest.fixture
def checker(rig):
    """A living restic that has the repository for itself, and lets nobody in."""
    words = ["--repo", str(rig.repository), "--password-file", str(rig.password), "--no-cache"]
    words = [rig.restic, *words, "--limit-download", "1", "check", "--read-data"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(words, **quiet) as process:
        wait_until(lambda: any((rig.repository / "locks").glob("?" * 64)), "a lock")
        process.send_signal(signal.SIGSTOP)
        yield process
        process.kill()


def test_the_lock_of_a_dead_process(rig, checker):
    checker.kill()
    checker.wait()
    assert rig.run("run") == 0
    told = "unlocked it after a process that died"
    assert any(told in remark for remark in rig.job().remarks)
    record("locked by a process that died on this machine", "none", told, rig.proves())


def test_the_lock_of_a_living_process(rig, checker):
    assert rig.run("run") == 1
    assert f"restic (pid {checker.pid}, " in rig.told()
    assert rig.run("drill") == 1
    assert rig.job("drill").details["outcome"] == "unproven"
    assert f"restic (pid {checker.pid}, " in rig.told("drill")
    checker.kill()
    checker.wait()
    told = "locked: held by process N of USER on HOST, TIME: restic (pid N, ...)"
    record("locked by a living process", "backup, drill", told, rig.proves())


def test_a_wrong_password(rig, capsys):
    right = rig.password.read_text()
    rig.password.write_text("battery staple\n")
    for job in ("run", "check", "drill"):
        assert rig.run(job) == 1
    said = capsys.readouterr()
    assert "battery" not in said.out + said.err
    told = "wrong password"
    assert all(told in rig.told(name) for name in ("backup", "check", "drill"))
    assert rig.job("check").details["outcome"] == "unproven"
    rig.password.write_text(right)
    record("wrong password", "backup, check, drill", told, rig.proves())
