"""The backup job with real restic: what is good, and every way in which it is not."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HOST = Path(__file__).parents[2] / "host"
sys.path.insert(0, str(HOST))  # the imports below are found by it

from deeprig_host.backup.__main__ import main  # noqa: E402
from deeprig_host.backup.canary import read_canary  # noqa: E402
from deeprig_host.backup.job import LOCK  # noqa: E402
from deeprig_host.backup.status import read_status  # noqa: E402
from deeprig_host.machine.commands import Machine  # noqa: E402

CONFIG = """[backup]
sources = /home /etc
tag = ws1
[repository disk]
url = /srv/disk
password_file = /etc/deeprig/password
lock_wait_minutes = {wait}
limit_upload_kib = {limit}
"""


class Rig:
    """A machine below a directory, with a repository on its disk; /proc is the real one."""

    def __init__(self, root, program):
        self.root = root
        self.program = program
        self.machine = Machine(root)
        self.repository = root / "srv" / "disk"
        self.home = root / "home" / "ada"

    def fill(self):
        for directory in ("etc/deeprig", "home/ada", "srv"):
            (self.root / directory).mkdir(parents=True)
        (self.root / "proc").symlink_to("/proc")
        (self.home / "thesis.txt").write_text("of long work\n")
        password = self.root / "etc" / "deeprig" / "password"
        password.write_text("correct horse\n")
        password.chmod(0o600)
        self.configure()

    def configure(self, more="", wait="0", limit=0, keep=0):
        kept = f"keep_last = {keep}\n" if keep else "prune = elsewhere\n"
        text = CONFIG.format(wait=wait, limit=limit) + kept + more
        (self.root / "etc" / "deeprig" / "backup.conf").write_text(text)

    def words(self, *command):
        return ["--root", str(self.root), *command]

    def back_up(self, *options):
        return main(self.words("run", "--restic", self.program, *options))

    def job(self):
        return read_status(self.machine, "disk").jobs["backup"]

    def remarks(self):
        return "\n".join(self.job().remarks)

    def summary(self):
        return json.loads(self.machine.path("/var/lib/deeprig/status/backup.json").read_text())

    def command(self, *arguments):
        password = self.root / "etc" / "deeprig" / "password"
        cache = self.root / "cache"
        told = ("--repo", str(self.repository), "--password-file", str(password))
        return [self.program, *told, "--cache-dir", str(cache), *arguments]

    def restic(self, *arguments):
        done = subprocess.run(
            self.command(*arguments), capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout

    def snapshots(self):
        return json.loads(self.restic("snapshots", "--json", "--no-lock"))

    def locks(self):
        return sorted((self.repository / "locks").glob("?" * 64))  # not one that is being written

    def restored(self, path, snapshot="latest"):
        return self.restic("dump", "--no-lock", snapshot, str(self.machine.path(path)))


@pytest.fixture(scope="session")
def made(tmp_path_factory, restic):
    """A machine with a repository and a first good backup: every call of restic takes its time."""
    rig = Rig(tmp_path_factory.mktemp("made") / "root", restic)
    rig.fill()
    rig.restic("init")
    assert rig.back_up() == 0
    return rig


@pytest.fixture
def rig(tmp_path, made):
    shutil.copytree(made.root, tmp_path / "root", symlinks=True)
    return Rig(tmp_path / "root", made.program)


def wait_until(holds, what):
    """Have what another process does; a test that waits for ever tells nothing."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, f"there is still not: {what}"
        time.sleep(0.005)


@pytest.fixture
def checker(rig):
    """A living restic that has the repository for itself, and lets nobody in."""
    with subprocess.Popen(
        rig.command("--limit-download", "1", "check", "--read-data"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        wait_until(rig.locks, "a lock")
        process.send_signal(signal.SIGSTOP)
        yield process
        process.kill()


def test_a_backup_holds_what_is_declared_and_says_so(rig, capsys):
    assert rig.back_up() == 0
    assert capsys.readouterr().out.startswith("disk: good, snapshot ")
    assert rig.restored("/home/ada/thesis.txt") == "of long work\n"
    job = rig.job()
    canary = read_canary(rig.restored("/var/lib/deeprig/backup/canary/canary").encode())
    assert (canary.host, canary.sha256) == ("ws1", job.details["canary_sha256"])
    _, snapshot = rig.snapshots()
    assert snapshot["id"].startswith(job.details["snapshot"])
    assert (snapshot["hostname"], snapshot["tags"]) == ("ws1", ["deeprig"])
    assert (job.outcome, job.reasons, job.success_time) == ("good", (), job.started_time)
    assert rig.summary() == {
        "schema": "deeprig.status/1",
        "what": "backup",
        "ok": True,
        "time": job.started_time,
        "failed": 0,
    }


def test_a_second_backup_adds_what_is_new_and_forgets_what_is_not_kept(rig):
    rig.configure(keep=1)
    (first,) = rig.snapshots()
    (rig.home / "new.bin").write_bytes(os.urandom(300_000))
    assert rig.back_up() == 0
    (second,) = rig.snapshots()
    assert second["id"] != first["id"]
    assert 300_000 < rig.job().details["added_bytes"] < 400_000


def test_an_append_only_repository_is_not_asked_to_forget(rig):
    rig.configure("keep_last = 1\n")
    assert rig.back_up() == 0
    assert len(rig.snapshots()) == 2


@pytest.fixture
def unreadable(rig, tmp_path):
    """Put a file into a source that restic cannot read; return its path."""
    secret = rig.home / "unreadable.bin"
    secret.write_text("x")
    secret.chmod(0)
    if os.geteuid() == 0:  # root without the capabilities that let it read everything
        os.chown(secret, 65534, 65534)
        script = tmp_path / "restic"
        drop = "setpriv --bounding-set -dac_override,-dac_read_search"
        script.write_text(f'#!/bin/sh\nexec {drop} {rig.program} "$@"\n')
        script.chmod(0o755)
        rig.program = str(script)
    return secret


def test_a_file_that_cannot_be_read_is_a_failure_though_the_rest_is_kept(rig, made, unreadable):
    assert rig.back_up() == 1
    rig.program = made.program
    (reason,) = rig.job().reasons
    assert "partial" in reason
    assert f"{unreadable} (Permission denied)" in reason
    assert (rig.summary()["ok"], rig.summary()["failed"]) == (False, 1)
    assert rig.job().success_time < rig.job().started_time
    assert rig.restored("/home/ada/thesis.txt") == "of long work\n"


def test_a_snapshot_that_lacks_a_file_is_marked_where_this_host_may_do_that(rig, unreadable):
    rig.configure(keep=1)
    assert rig.back_up() == 1
    good, partial = rig.snapshots()
    assert "incomplete" not in good["tags"]
    assert {"deeprig", "incomplete"} <= set(partial["tags"])
    assert rig.job().details["snapshot"] == partial["id"][:8]
    # It is in a group of its own, so that it does not push out the good one.
    unreadable.unlink()
    assert rig.back_up() == 0
    kept = {one["id"]: one["tags"] for one in rig.snapshots()}
    assert partial["id"] in kept
    assert len([tags for tags in kept.values() if "incomplete" not in tags]) == 1


def test_a_snapshot_that_lacks_a_file_cannot_be_marked_by_who_may_only_append(rig, unreadable):
    assert rig.back_up() == 1
    newest = rig.snapshots()[-1]
    assert "incomplete" not in newest["tags"]
    assert rig.job().details["snapshot"] == newest["id"][:8]
    assert (
        f"snapshot {newest['id'][:8]} lacks what is named here, and is not marked" in rig.remarks()
    )


def test_a_wrong_password_is_told_and_never_shown(rig, capsys):
    password = rig.root / "etc" / "deeprig" / "password"
    password.write_text("battery staple\n")
    assert rig.back_up() == 1
    told = capsys.readouterr()
    assert "wrong password" in told.out
    assert "battery" not in told.out + told.err


def test_a_password_that_others_can_read_is_not_used(rig):
    (rig.root / "etc" / "deeprig" / "password").chmod(0o644)
    assert rig.back_up() == 1
    assert "open to others" in rig.job().reasons[0]


def test_where_there_is_no_repository_none_is_made_unless_it_is_declared_new(rig):
    shutil.rmtree(rig.repository)
    rig.machine.path("/var/lib/deeprig/backup/disk.json").unlink()
    assert rig.back_up() == 1
    assert "no repository" in rig.job().reasons[0]
    assert not rig.repository.exists()
    rig.configure("create = yes\n")
    assert rig.back_up() == 0
    assert "declared new" in rig.remarks()


def test_a_repository_that_was_there_is_never_made_again(rig):
    rig.configure("create = yes\n")
    shutil.rmtree(rig.repository)
    assert rig.back_up() == 1
    assert "no repository" in rig.job().reasons[0]
    assert not rig.repository.exists()


def test_after_a_status_that_cannot_be_read_no_repository_is_made(rig):
    rig.configure("create = yes\n")
    rig.machine.path("/var/lib/deeprig/backup/disk.json").write_text("{")
    shutil.rmtree(rig.repository)
    assert rig.back_up() == 1
    assert not rig.repository.exists()


def test_the_lock_of_a_dead_process_goes_and_the_backup_goes_on(rig, checker):
    checker.kill()
    checker.wait()
    assert rig.back_up() == 0
    assert "unlocked it after a process that died" in rig.remarks()
    assert f"process {checker.pid} of" in rig.remarks()
    assert rig.locks() == []


def test_a_living_lock_is_waited_for_and_then_a_failure_that_names_its_holder(rig, checker):
    assert rig.back_up() == 1
    (reason,) = rig.job().reasons
    assert f"restic (pid {checker.pid}, " in reason
    assert len(rig.locks()) == 1
    assert rig.job().success_time is not None
    assert rig.summary()["ok"] is False


def test_a_living_lock_that_goes_in_time_costs_only_the_wait(rig, checker, monkeypatch):
    rig.configure(wait="1")

    def end(_seconds):
        checker.kill()
        checker.wait()
        for lock in rig.locks():
            lock.unlink()

    monkeypatch.setattr("deeprig_host.backup.waiting.time.sleep", end)
    assert rig.back_up() == 0


def test_a_missing_source_is_a_failure_and_the_others_are_kept_apart(rig):
    good_time = rig.job().success_time
    shutil.rmtree(rig.root / "home")
    assert rig.back_up() == 1
    assert rig.job().reasons == ("/home does not exist; make it, or take it out of sources",)
    assert rig.job().success_time == good_time
    (rig.root / "home").mkdir()
    rig.home.mkdir()
    (rig.home / "thesis.txt").write_text("again\n")
    rig.configure(keep=1)
    assert rig.back_up() == 0
    # what is incomplete never counts against what is complete
    tags = [one["tags"] for one in rig.snapshots()]
    assert tags == [["deeprig", "incomplete"], ["deeprig"]]


def test_a_source_that_is_empty_and_was_not_is_a_failure(rig):
    shutil.rmtree(rig.home)
    assert rig.back_up() == 1
    assert rig.back_up() == 1
    assert "is empty, and was not the last time" in rig.job().reasons[0]
    conf = rig.root / "etc" / "deeprig" / "backup.conf"
    conf.write_text(conf.read_text().replace("tag =", "may_be_empty = /home\ntag ="))
    assert rig.back_up() == 0


def test_caches_superseded_steps_and_datasets_are_left_out_and_best_and_last_kept(rig):
    (rig.home / "run").mkdir()
    names = [f"step_{n}.pt" for n in (100, 200, 300)] + ["best.pt", "last.pt", "step_9 [a]$x.pt"]
    for number, name in enumerate(names):
        (rig.home / "run" / name).write_text(name)
        os.utime(rig.home / "run" / name, (1e9 + number, 1e9 + number))
    (rig.home / "run" / "of-the-paper.pt").symlink_to("step_100.pt")
    cache = rig.home / "made"
    cache.mkdir()
    (cache / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55\n")
    (cache / "big").write_text("x")
    (rig.home / "miniforge3" / "pkgs").mkdir(parents=True)
    (rig.home / "miniforge3" / "pkgs" / "big").write_text("x")
    odd = rig.home / "da [ta]* $HOME \\ "
    odd.mkdir()
    (odd / "train.bin ").write_text("abc")
    (odd / "own.bin").write_text("mine")
    entry = {"path": "train.bin ", "url": "https://example.org/t", "sha256": "0" * 64, "size": 3}
    entries = {"schema": "deeprig.dataset/1", "files": [entry]}
    (odd / "deeprig-dataset.json").write_text(json.dumps(entries))
    assert rig.back_up() == 0
    listed = rig.restic("ls", "--no-lock", "latest").splitlines()
    held = {line.removeprefix(f"{rig.home}/") for line in listed if line.startswith(str(rig.home))}
    assert held & {f"run/{name}" for name in names} == {
        f"run/{name}" for name in names if name != "step_200.pt"
    }
    assert "run/of-the-paper.pt" in held, "and what it leads to"
    assert {"made/big", "miniforge3/pkgs/big", f"{odd.name}/train.bin "}.isdisjoint(held)
    assert {f"{odd.name}/own.bin", f"{odd.name}/deeprig-dataset.json"} <= held


def test_a_second_one_at_once_is_refused_and_the_one_of_cron_is_quiet(rig, capsys):
    with LOCK.held(rig.machine):
        assert rig.back_up() == 1
        assert "is running on this host" in capsys.readouterr().err
        assert rig.back_up("--if-due") == 0
        assert capsys.readouterr() == ("", "")


def started(rig):
    """A backup that takes 40 s at least, in a process of its own, in the middle of its data."""
    (rig.home / "big.bin").write_bytes(os.urandom(24_000_000))
    rig.configure(limit=600, keep=2)
    command = [sys.executable, "-m", "deeprig_host.backup"]
    words = rig.words("run", "--restic", rig.program)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(
        [*command, *words], env={**os.environ, "PYTHONPATH": str(HOST)}, **quiet
    )
    wait_until(rig.locks, "a lock")
    wait_until(lambda: any((rig.repository / "data").glob("*/*")), "data")
    return process


def holder(rig):
    (lock,) = rig.locks()
    return json.loads(rig.restic("cat", "lock", lock.name, "--no-lock"))["pid"]


def test_after_a_power_cut_the_next_run_goes_on(rig):
    process = started(rig)
    pid = holder(rig)
    process.send_signal(signal.SIGSTOP)
    os.kill(pid, signal.SIGKILL)
    process.kill()
    process.wait()
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "an end of restic")
    assert len(rig.locks()) == 1
    assert rig.job().outcome == "running"
    rig.configure(keep=2)
    assert rig.back_up() == 0
    assert "unlocked it" in rig.remarks()
    assert "no errors were found" in rig.restic("check", "--read-data")


def test_restic_does_not_outlive_a_job_that_is_killed(rig):
    process = started(rig)
    pid = holder(rig)
    process.kill()
    process.wait()
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "an end of restic")
    assert rig.locks() == []


def test_a_source_that_goes_while_it_is_read_is_a_failure(rig, tmp_path):
    assert rig.back_up() == 0
    away = tmp_path / "away"
    going = tmp_path / "restic-and-a-disk-that-goes"
    move = f'case "$*" in *"backup --json"*) mv {rig.home} {away} ;; esac'
    going.write_text(f'#!/bin/sh\n{move}\nexec {rig.program} "$@"\n')
    going.chmod(0o755)
    assert main(rig.words("run", "--restic", str(going))) == 1
    assert "while the backup ran: /home is empty, and was not" in rig.job().reasons[0]
    away.rename(rig.home)
    assert rig.back_up() == 0


def test_in_favour_of_a_far_smaller_backup_nothing_is_forgotten(rig):
    rig.configure(keep=1)
    for number in range(9):
        (rig.home / f"file{number}").write_text("of long work\n")
    assert rig.back_up() == 0
    (rig.home / "of today").write_text("x")
    assert rig.back_up() == 0
    assert len(rig.restic("snapshots", "--no-lock", "--json").split('"short_id"')) == 2
    for file in rig.home.glob("file*"):
        file.unlink()
    for number in (3, 4):  # the disk is still away in the next run
        assert rig.back_up() == 0
        assert "nothing is forgotten: " in rig.remarks()
        assert "`deeprig backup now --accept-less`" in rig.remarks()
        assert len(rig.restic("snapshots", "--no-lock", "--json").split('"short_id"')) == number
    assert rig.back_up("--accept-less") == 0
    assert "nothing is forgotten" not in rig.remarks()
    assert len(rig.restic("snapshots", "--no-lock", "--json").split('"short_id"')) == 2
    assert rig.job().details["files_before"] == rig.job().details["files"]
    assert rig.back_up() == 0
    assert "nothing is forgotten" not in rig.remarks()
    assert len(rig.restic("snapshots", "--no-lock", "--json").split('"short_id"')) == 2
