"""What the backup job costs beside bare restic: a second backup of data that did not change.

    python benchmarks/backup.py --files 100000 --mebibytes 1000 --runs 5

Both back up the same files to the same repository, with the same arguments and priorities, in
turns. The job also looks for caches, checkpoints and datasets, writes its canary and status, and
captures what the machine is. Needs restic, and room for twice the data below --directory; changes
nothing else. Beside other work believe the CPU seconds more than the others.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOST = Path(__file__).parents[1] / "host"
MORE_SECONDS, RATIO = 0.3, 1.1
_PER_DIRECTORY = 500
_CONFIG = """[backup]
sources = /home
[repository bench]
url = /srv/bench
password_file = /etc/deeprig/password
prune = elsewhere
create = yes
"""


def main() -> int:
    """Measure, print the medians, and return 0 where the job's share is within its bounds."""
    options = _options()
    place = Path(tempfile.mkdtemp(prefix="deeprig-bench-", dir=options.directory))
    try:
        _fill(place, options.files, options.mebibytes)
        job = _job_words(place, options.restic)
        _measured(job)
        bare = _bare_words(place, options.restic)
        pairs = [(_measured(bare), _measured(job)) for _ in range(options.runs)]
    finally:
        shutil.rmtree(place)
    (bare_seconds, bare_cpu), (job_seconds, job_cpu) = (
        tuple(statistics.median(one) for one in zip(*way, strict=True))
        for way in zip(*pairs, strict=True)
    )
    more, ratio = job_seconds - bare_seconds, job_seconds / bare_seconds
    is_good = more < MORE_SECONDS or ratio < RATIO
    sys.stdout.write(
        f"{options.files} files, {options.mebibytes} MiB, medians of {options.runs} runs\n"
        f"bare restic {bare_seconds:.2f} s, job {job_seconds:.2f} s\n"
        f"CPU: bare restic {bare_cpu:.2f} s, job {job_cpu:.2f} s\n"
        f"{more:+.2f} s, x {ratio:.2f}: {'good' if is_good else 'TOO MUCH'}\n"
    )
    return 0 if is_good else 1


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
    run = ["-m", "deeprig_host.backup", "--root", str(place), "run", "--restic", restic]
    return ["env", f"PYTHONPATH={HOST}", sys.executable, *run]


def _bare_words(place: Path, restic: str) -> list[str]:
    password = place / "etc" / "deeprig" / "password"
    where = ["--repo", str(place / "srv" / "bench"), "--password-file", str(password)]
    where += ["--cache-dir", str(place / "var" / "cache" / "deeprig" / "restic")]
    words = ["backup", "--json", "--exclude-caches", "--exclude-file"]
    words += [str(place / "var" / "lib" / "deeprig" / "backup" / "excludes")]
    canary = place / "var" / "lib" / "deeprig" / "backup" / "canary"
    behind = ["nice", "-n", "10", "ionice", "-c", "3"]
    return [*behind, restic, *where, *words, str(place / "home"), str(canary)]


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
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
