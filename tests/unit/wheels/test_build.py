"""The wheel of the host programs: the same bytes for the same sources, and nothing else in it."""

import csv
import io
import zipfile
from pathlib import Path

import pytest

from deeprig.errors import DeeprigError
from deeprig.wheels.build import build_wheel
from deeprig.wheels.lock import LockedWheel

HOST = Path(__file__).parents[3] / "host"
NEEDED = (LockedWheel("some", "1.5", "a" * 64),)


@pytest.fixture
def programs(tmp_path):
    package = tmp_path / "deeprig_host"
    (package / "part/__pycache__").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "part/__init__.py").write_text("x = 1\n")
    (package / "part/table.json").write_text("{}")
    (package / "part/__pycache__/__init__.cpython-311.pyc").write_text("compiled")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "deeprig-host"\nversion = "1.2"\nrequires-python = ">=3.10"\n'
    )
    return tmp_path


def names(wheel):
    return zipfile.ZipFile(io.BytesIO(wheel)).namelist()


def test_it_has_the_sources_and_what_they_read_and_nothing_compiled(programs):
    assert names(build_wheel(programs, NEEDED)) == [
        "deeprig_host/__init__.py",
        "deeprig_host/part/__init__.py",
        "deeprig_host/part/table.json",
        "deeprig_host-1.2.dist-info/METADATA",
        "deeprig_host-1.2.dist-info/WHEEL",
        "deeprig_host-1.2.dist-info/RECORD",
    ]


def test_it_tells_its_name_and_what_it_needs(programs):
    wheel = zipfile.ZipFile(io.BytesIO(build_wheel(programs, NEEDED)))
    told = wheel.read("deeprig_host-1.2.dist-info/METADATA").decode().splitlines()
    assert {"Name: deeprig-host", "Version: 1.2", "Requires-Python: >=3.10"} <= set(told)
    assert "Requires-Dist: some==1.5" in told


def test_times_modes_and_bytecode_change_nothing_and_sources_do(programs):
    first = build_wheel(programs, NEEDED)
    for file in programs.rglob("*.py"):
        file.touch()
        file.chmod(0o600)
    (programs / "deeprig_host/part/__pycache__/other.pyc").touch()
    assert build_wheel(programs, NEEDED) == first
    (programs / "deeprig_host/part/table.json").write_text("[]")
    assert build_wheel(programs, NEEDED) != first


def test_nothing_is_compressed_so_that_no_zlib_has_a_say(programs):
    wheel = zipfile.ZipFile(io.BytesIO(build_wheel(programs, NEEDED)))
    assert {entry.compress_type for entry in wheel.infolist()} == {zipfile.ZIP_STORED}


def test_its_record_lists_every_file():
    wheel = zipfile.ZipFile(io.BytesIO(build_wheel(HOST, ())))
    record = next(name for name in wheel.namelist() if name.endswith("RECORD"))
    rows = list(csv.reader(io.StringIO(wheel.read(record).decode())))
    assert [row[0] for row in rows] == wheel.namelist()
    sizes = {row[0]: row[2] for row in rows if row[2]}
    assert sizes == {e.filename: str(e.file_size) for e in wheel.infolist() if e.filename != record}


def test_sources_without_a_version_are_refused(programs):
    (programs / "pyproject.toml").write_text("[project]\n")
    with pytest.raises(DeeprigError, match="tells no version"):
        build_wheel(programs, ())
