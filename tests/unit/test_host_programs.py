"""The archive of host programs: one file, always the same, that python3 runs."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from deeprig.host_programs import build_archive

PROGRAMS = Path(__file__).resolve().parents[2] / "host"


@pytest.fixture
def programs(tmp_path):
    package = tmp_path / "deeprig_host"
    (package / "driver").mkdir(parents=True)
    (package / "machine").mkdir()
    (package / "other").mkdir()
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text((PROGRAMS / "deeprig_host/__main__.py").read_text())
    (package / "driver/__init__.py").write_text("")
    (package / "driver/__main__.py").write_text(
        "def main(arguments):\n    print('driver', *arguments)\n    return 7\n"
    )
    (package / "machine/__init__.py").write_text("")
    (package / "other/secret.py").write_text("")
    return tmp_path


def run(archive, tmp_path, *arguments):
    path = tmp_path / "a.pyz"
    path.write_bytes(archive)
    command = [sys.executable, str(path), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_runs_the_named_part_with_its_arguments_and_exit_code(programs, tmp_path):
    done = run(build_archive(programs, "driver"), tmp_path, "driver", "observe", "--x")
    assert (done.returncode, done.stdout) == (7, "driver observe --x\n")


def test_an_unknown_part_is_refused_by_name(programs, tmp_path):
    done = run(build_archive(programs, "driver"), tmp_path, "drivr")
    assert done.returncode == 1
    told, _, names = done.stderr.strip().partition("; one of: ")
    assert told == "deeprig_host: no program 'drivr'"
    assert {"driver", "network"} <= set(names.split(", "))


def test_it_is_byte_for_byte_the_same_whatever_the_files_times_are(programs):
    first = build_archive(programs, "driver")
    for file in programs.rglob("*.py"):
        file.touch()
    assert build_archive(programs, "driver") == first
    (programs / "deeprig_host/driver/__init__.py").write_text("x = 1\n")
    assert build_archive(programs, "driver") != first


def test_it_carries_the_parts_asked_for_and_what_they_share(programs, tmp_path):
    (tmp_path / "a.zip").write_bytes(build_archive(programs, "driver"))
    assert sorted(zipfile.ZipFile(tmp_path / "a.zip").namelist()) == [
        "__main__.py",
        "deeprig_host/__init__.py",
        "deeprig_host/__main__.py",
        "deeprig_host/driver/__init__.py",
        "deeprig_host/driver/__main__.py",
        "deeprig_host/machine/__init__.py",
    ]
