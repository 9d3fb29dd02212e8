"""What backups cost: beside bare restic, beside a training, and when nothing is due.

    python benchmarks/backup.py --files 100000 --mebibytes 1000 --runs 5

1. A second backup of data that did not change. Job and bare restic back up the same files to the
   same repository, with the same arguments and priorities, in turns. The job also looks for caches,
   checkpoints and datasets, writes its canary and status, and captures what the machine is.
2. ``work`` when nothing is due, as cron asks every 15 minutes.
3. A stand-in for a training, a process for each core that computes and reads files past the page
   cache: how much of its work it does while everything is backed up for the first time, by the job
   (nice 10, idle I/O class) and by restic as it is.

Needs restic, and room for three times the data below --directory; changes nothing else. Python's
bytecode is there, as on a host, where deeprig_host.environment.make compiles it. Beside other work
believe ratios and CPU seconds more than seconds: what else the machine does is told as its load.
"""

from __future__ import annotations

import argparse
import hashlib
import mmap
import multiprocessing
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, MutableSequence, Sequence
from pathlib import Path

HOST = Path(__file__).parents[1] / "host"
MORE_SECONDS, RATIO = 0.3, 1.1
_PER_DIRECTORY = 500
_CHUNK_BYTES = 1024 * 1024
_TRAINING_FILE_BYTES = 64 * _CHUNK_BYTES
#: How long a training runs alone before it is counted, and how long it is counted alone.
_WARM_SECONDS, _ALONE_SECONDS = 1.0, 10.0
#: Chunks of data that are computed for each one that is read: a training computes most of the time.
_COMPUTED = 4
_CONFIG = """[backup]
sources = /home
[repository bench]
url = /srv/bench
password_file = /etc/deeprig/password
prune = elsewhere
create = yes
"""


def main() -> int:
    """Measure, print the results, and return 0 where the job's share is within its bounds."""
    options = _options()
    place = Path(tempfile.mkdtemp(prefix="deeprig-bench-", dir=options.directory))
    try:
        _fill(place, options.files, options.mebibytes)
        job, bare = _job_words(place, options.restic), _bare_words(place, options.restic)
        _measured(job)  # the first backup, and the bytecode
        _measured(bare)  # it has other paths, and so needs a snapshot of its own to begin from
        is_good = _second_backup(options, bare, job)
        _nothing_due(place, options)
        if not options.no_training:
            _beside_training(place, options)
    finally:
        shutil.rmtree(place)
    return 0 if is_good else 1


def _second_backup(options: argparse.Namespace, bare: list[str], job: list[str]) -> bool:
    """Print what an unchanged backup costs, and say whether it is within the bounds."""
    before = os.getloadavg()[0]
    pairs = [(_measured(bare), _measured(job)) for _ in range(options.runs)]
    (bare_seconds, bare_cpu), (job_seconds, job_cpu) = (
        tuple(statistics.median(one) for one in zip(*way, strict=True))
        for way in zip(*pairs, strict=True)
    )
    more, ratio = job_seconds - bare_seconds, job_seconds / bare_seconds
    is_good = bool(more < MORE_SECONDS and ratio < RATIO)
    sys.stdout.write(
        f"second backup: {options.files} files, {options.mebibytes} MiB, medians of"
        f" {options.runs} runs\n"
        f"  bare restic {bare_seconds:.2f} s, job {job_seconds:.2f} s\n"
        f"  CPU: bare restic {bare_cpu:.2f} s, job {job_cpu:.2f} s\n"
        f"  {more:+.2f} s, x {ratio:.2f}: {'good' if is_good else 'TOO MUCH'}\n"
        f"  load of the machine, {os.cpu_count()} cores, its own share of about 1 in it:"
        f" {before:.1f} before, {os.getloadavg()[0]:.1f} after\n"
    )
    return is_good


def _nothing_due(place: Path, options: argparse.Namespace) -> None:
    """Print what a question of cron costs when nothing is due."""
    asked = _program(place, "work", options.restic)
    _measured(asked)  # the first check and the first drill
    seconds, cpu = (
        statistics.median(one)
        for one in zip(*(_measured(asked) for _ in range(options.runs)), strict=True)
    )
    sys.stdout.write(f"work, nothing due: {seconds:.2f} s, CPU {cpu:.2f} s\n")


def _beside_training(place: Path, options: argparse.Namespace) -> None:
    """Print how much of its work a training does during a first backup, by either way."""
    data = place / "training.bin"
    data.write_bytes(os.urandom(_TRAINING_FILE_BYTES))
    bare = _bare_words(place, options.restic)
    unbound = bare[bare.index(options.restic) :]
    sys.stdout.write(f"training beside a first backup, {os.cpu_count()} cores\n")
    for name, words in (("job", _job_words(place, options.restic)), ("restic", unbound)):
        shutil.rmtree(place / "srv" / "bench")
        shutil.rmtree(place / "var" / "cache" / "deeprig" / "restic", ignore_errors=True)
        (place / "var" / "lib" / "deeprig" / "backup" / "bench.json").unlink(missing_ok=True)
        if name == "restic":
            _measured([options.restic, *_where(place), "init"])
        share, seconds = _share(data, words)
        sys.stdout.write(f"  {name}: {share:.0%} of its work, backup {seconds:.1f} s\n")


def _share(data: Path, words: list[str]) -> tuple[float, float]:
    """Return the training's rate beside a program by its rate alone, and the program's seconds."""
    counts = multiprocessing.Array("q", os.cpu_count() or 1, lock=False)
    trainers = [
        multiprocessing.Process(target=_train, args=(data, counts, number), daemon=True)
        for number in range(len(counts))
    ]
    for trainer in trainers:
        trainer.start()
    time.sleep(_WARM_SECONDS)
    alone = _rate(counts, lambda: time.sleep(_ALONE_SECONDS))
    began = time.perf_counter()
    beside = _rate(counts, lambda: _measured(words))
    seconds = time.perf_counter() - began
    for trainer in trainers:
        trainer.kill()
        trainer.join()
    return beside / alone, seconds


def _rate(counts: Sequence[int], during: Callable[[], object]) -> float:
    """Return how many chunks a second were trained with during a call."""
    began, before = time.perf_counter(), sum(counts)
    during()
    return (sum(counts) - before) / (time.perf_counter() - began)


def _train(data: Path, counts: MutableSequence[int], number: int) -> None:
    """Read chunks past the page cache and compute, until the end; count them."""
    chunk = mmap.mmap(-1, _CHUNK_BYTES)  # aligned, as O_DIRECT wants it
    descriptor = os.open(data, os.O_RDONLY | os.O_DIRECT)
    while True:
        for offset in range(0, _TRAINING_FILE_BYTES, _CHUNK_BYTES):
            os.preadv(descriptor, [chunk], offset)
            for _ in range(_COMPUTED):
                hashlib.sha256(chunk)
            counts[number] += 1


def _fill(place: Path, files: int, mebibytes: int) -> None:
    """Write files that do not compress, with names as people give them."""
    size = max(1, mebibytes * 1024 * 1024 // files)
    for number in range(files):
        path = place / "home" / f"user{number // 20_000}" / f"run{number // _PER_DIRECTORY}"
        path.mkdir(parents=True, exist_ok=True)
        (path / f"sample_{number}.bin").write_bytes(os.urandom(size))
    configuration = place / "etc" / "deeprig"
    configuration.mkdir(parents=True)
    (place / "srv").mkdir()
    (configuration / "backup.conf").write_text(_CONFIG)
    (configuration / "password").touch(0o600)
    (configuration / "password").write_text("benchmark\n")


def _job_words(place: Path, restic: str) -> list[str]:
    return _program(place, "run", restic)


def _program(place: Path, command: str, restic: str) -> list[str]:
    words = ["-m", "deeprig_host.backup", "--root", str(place), command, "--restic", restic]
    bytecode = ["-u", "PYTHONDONTWRITEBYTECODE", f"PYTHONPYCACHEPREFIX={place / 'bytecode'}"]
    return ["env", *bytecode, f"PYTHONPATH={HOST}", sys.executable, *words]


def _bare_words(place: Path, restic: str) -> list[str]:
    words = ["backup", "--json", "--exclude-caches", "--exclude-file"]
    words += [str(place / "var" / "lib" / "deeprig" / "backup" / "excludes")]
    canary = place / "var" / "lib" / "deeprig" / "backup" / "canary"
    behind = ["nice", "-n", "10", "ionice", "-c", "3"]
    return [*behind, restic, *_where(place), *words, str(place / "home"), str(canary)]


def _where(place: Path) -> list[str]:
    password = place / "etc" / "deeprig" / "password"
    where = ["--repo", str(place / "srv" / "bench"), "--password-file", str(password)]
    return [*where, "--cache-dir", str(place / "var" / "cache" / "deeprig" / "restic")]


def _measured(words: list[str]) -> tuple[float, float]:
    """Return how long a program took, and its CPU time, in seconds."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, cpu


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--mebibytes", type=int, default=200)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--directory", help="where the data lies while it is measured")
    parser.add_argument("--restic", default="restic")
    parser.add_argument("--no-training", action="store_true", help="leave the third part out")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
