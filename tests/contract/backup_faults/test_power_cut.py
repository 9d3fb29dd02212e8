"""Power cuts: every process of a job dies at once, at moments drawn by seeds."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.backup_faults.conftest import HOST_PROGRAMS, digests, wait_until
from tests.contract.backup_faults.rows import record

SEEDS = ("1", "2")
MORE_SEEDS = tuple(map(str, range(3, 15)))


@pytest.fixture
def job(rig):
    """Start a command of the program in a process of its own."""
    started = []

    def start(command, *options):
        words = [sys.executable, "-m", "deeprig_host.backup", "--root", str(rig.root)]
        words += [command, "--restic", rig.restic, *options]
        process = subprocess.Popen(
            words,
            env={**os.environ, "PYTHONPATH": str(HOST_PROGRAMS)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def cut(process):
    """Kill a process and all below it; stopped first, none can do anything about it."""
    pids = [process.pid, *below(process.pid)]
    for pid in pids:
        send(pid, signal.SIGSTOP)
    pids = [process.pid, *below(process.pid)]  # one may have been born meanwhile
    for pid in reversed(pids):
        send(pid, signal.SIGKILL)
    process.wait()
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids[1:]), "an end of all")


def below(pid):
    """The children of a process, and theirs, all threads' included (proc(5), children)."""
    found = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, text(file).split()):
            found += [child, *below(child)]
    return found


def text(path):
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def files(rig):
    return sum(1 for path in rig.repository.rglob("*") if path.is_file())


def snapshots(rig):
    return sum(1 for _ in (rig.repository / "snapshots").iterdir())


def changes(rig, process, number):
    """Wait for so many changes of the repository's files, or for the end of the job."""
    seen = {files(rig)}

    def has_changed():
        seen.add(files(rig))
        return len(seen) > number or process.poll() is not None

    wait_until(has_changed, f"{number} changes")


def older_restores(rig, before):
    """What was in a snapshot before the cut is in it after it."""
    for snapshot, content in before.items():
        if any(one["id"] == snapshot for one in rig.snapshots()):
            assert rig.restored(snapshot) == content


def moment(seed, most):
    """Draw after how many changes of the repository the power is cut."""
    return random.Random(seed).randint(1, most)  # noqa: S311 - nothing secret is drawn


def cut_backups(rig, job, seeds):
    """Cut a backup for each seed; what was there restores, and each run goes on from it."""
    before = {rig.snapshots()[0]["id"]: rig.restored()}
    for seed in seeds:
        (rig.home / f"big{seed}.bin").write_bytes(rig.noise(24_000_000))
        process = job("run")
        changes(rig, process, moment(seed, 8))
        cut(process)
        assert rig.job().outcome in ("running", "good")
        assert rig.job().outcome == "running" or rig.restored() == digests(rig.root / "home")
        older_restores(rig, before)


def cut_forgetting(rig, job, seeds):
    """Cut a run for each seed while it forgets and prunes; all snapshots that are left restore."""
    for seed in seeds:
        rig.configure()
        (rig.home / "big.bin").write_bytes(rig.noise(6_000_000))
        assert rig.run("run") == 0
        before = {one["id"]: rig.restored(one["id"]) for one in rig.snapshots()}
        rig.configure("keep_last = 1")
        process = job("run")
        begins_to_forget(rig, process, len(before))
        changes(rig, process, moment(seed, 6))
        cut(process)
        older_restores(rig, before)


def begins_to_forget(rig, process, known):
    """Wait for a new snapshot, and then for an old one to go."""

    def number():
        return known if process.poll() is not None else snapshots(rig)

    wait_until(lambda: number() > known or process.poll() is not None, "a new snapshot")
    wait_until(lambda: number() <= known, "an old snapshot to go")


def test_in_a_backup(rig, job):
    cut_backups(rig, job, SEEDS)
    told = "`status`: running or cut off"
    record("power cut in a backup", "none", told, rig.proves())


def test_while_old_snapshots_are_forgotten(rig, job):
    cut_forgetting(rig, job, SEEDS)
    told = "`status`: running or cut off"
    fault = "power cut while old snapshots are forgotten"
    record(fault, "none", told, rig.proves())


@pytest.mark.full
@pytest.mark.parametrize("way", [cut_backups, cut_forgetting])
def test_at_many_more_moments(rig, job, way):
    way(rig, job, MORE_SEEDS)
    rig.proves()


def test_in_a_drill(rig, job):
    (rig.home / "big.bin").write_bytes(rig.noise(20_000_000))
    assert rig.run("run") == 0
    process = job("drill")
    wait_until(lambda: any(rig.root.rglob(".deeprig-restore-*")), "scratch space")
    cut(process)
    assert rig.job("drill").outcome == "running"
    assert any(rig.root.rglob(".deeprig-restore-*"))
    again = rig.proves()
    assert not any(rig.root.rglob(".deeprig-restore-*"))
    told = "`status`: running or cut off; its scratch space is freed"
    record("power cut in a drill", "none", told, again)
