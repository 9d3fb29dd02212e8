"""The program: what it prints, where it writes, how it ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from .plant_host import BOUND_SECONDS, HOST_PROGRAMS

PROM = "deeprig.prom"


def run(*arguments, prefix=(), **options):
    return subprocess.run(
        [*prefix, sys.executable, "-m", "deeprig_host.metrics", *arguments],
        env=os.environ | {"PYTHONPATH": str(HOST_PROGRAMS)},
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
        check=False,
        **options,
    )


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system with room for some kilobytes."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("no mounting here")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_machine_without_a_driver_is_told_as_that():
    done = run("--output", "-")
    names = {family.name for family in text_string_to_metric_families(done.stdout)}
    assert (done.returncode, done.stderr) == (0, "")
    assert {"deeprig_nvml_up", "deeprig_collector_part_up"} <= names


def test_a_full_disk_keeps_the_old_file_and_says_so_in_one_line(tiny_disk):
    (tiny_disk / PROM).write_text("old\n")
    (tiny_disk / "filler").write_bytes(b"x" * 4096)
    done = run("--output", str(tiny_disk / PROM))
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"deeprig metrics: {tiny_disk / PROM} stays as it was: No space left on device"
    ]
    assert (tiny_disk / PROM).read_text() == "old\n"
    assert sorted(file.name for file in tiny_disk.iterdir()) == [PROM, "filler"]


def test_a_directory_that_is_not_there_is_said_in_one_line(tmp_path):
    done = run("--output", str(tmp_path / "missing" / PROM))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "No such file or directory" in done.stderr


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
def test_an_interval_that_is_none_is_refused(seconds):
    done = run(f"--every={seconds}")
    assert done.returncode == 2
    assert "--every" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming somebody else needs root")
def test_somebody_without_rights_can_collect(tmp_path):
    place = Path("/tmp") / f"deeprig-metrics-{os.getpid()}"
    place.mkdir()
    os.chown(place, 65534, 65534)
    try:
        done = run(
            "--output",
            str(place / PROM),
            prefix=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert (place / PROM).stat().st_uid == 65534
    finally:
        (place / PROM).unlink(missing_ok=True)
        place.rmdir()
