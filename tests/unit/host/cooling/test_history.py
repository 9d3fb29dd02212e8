"""The history is a bounded CSV, and a disk that fills up in a line leaves no half of it."""

import os

import pytest
from deeprig_host.cooling.history import HEADER, append_history, rows_of

GPU = {
    "uuid": "GPU-1",
    "temperature_c": 70,
    "memory_c": None,
    "fans": [{"percent": 55, "rpm": None}, {"percent": 56, "rpm": 1}],
    "power_w": 249.96,
    "load_percent": 100,
}


def test_a_line_for_each_gpu_with_what_is_unknown_empty():
    nameless = GPU | {"uuid": None}
    passive = GPU | {"uuid": "GPU-2", "fans": [], "temperature_c": None}
    rows = rows_of(1_800_000_000.9, [GPU, nameless, passive])
    assert rows == "1800000000,GPU-1,70,,55,,250.0,100\n1800000000,GPU-2,,,,,250.0,100\n"
    assert len(HEADER.split(",")) == len(rows.splitlines()[0].split(","))


def test_it_begins_with_a_header_and_rotates(tmp_path):
    path, earlier = tmp_path / "a/history.csv", tmp_path / "a/history.1.csv"
    for number in range(40):
        append_history(path, earlier, f"{number:099d}\n", rotate_bytes=1000)
    assert path.read_text().startswith(HEADER)
    assert earlier.read_text().startswith(HEADER)
    assert max(path.stat().st_size, earlier.stat().st_size) <= 1000
    both = earlier.read_text().replace(HEADER, "") + path.read_text().replace(HEADER, "")
    numbers = [int(line) for line in both.splitlines()]
    assert numbers == list(range(numbers[0], 40))
    assert sorted(file.name for file in path.parent.iterdir()) == ["history.1.csv", "history.csv"]


def test_a_line_that_does_not_fit_is_not_half_there(tmp_path, monkeypatch):
    path, earlier = tmp_path / "history.csv", tmp_path / "history.1.csv"
    append_history(path, earlier, "1,GPU-1,70\n")
    whole = path.read_text()
    writing = os.write
    monkeypatch.setattr(os, "write", lambda fd, content: writing(fd, content[:5]))
    with pytest.raises(OSError, match="a part of the line"):
        append_history(path, earlier, "2,GPU-1,71\n")
    assert path.read_text() == whole
