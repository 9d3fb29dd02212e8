"""What is kept: for the user alone, and read only where nobody else could have written it."""

import json
import os

import pytest

from deeprig.recheck import record as records
from deeprig.recheck.record import Asked, HostRecord, Record

RECORD = Record(
    version="1",
    key="00" * 32,
    variables="aa",
    directory="/lab",
    inventory="/lab/inventory/lab.py",
    order=("rig1", "rig2"),
    marks={"/lab/a": (1, 2, 3, 4), "/lab/absent": None},
    notes=(("left out", True),),
    questions=(Asked("sh", "true", ""), Asked("sh", "test -e /a", "stat /a")),
    hosts={
        "rig1": HostRecord(
            ("ssh", "rig1"), True, {1: "b" * 32, 0: "a" * 32}, {"host": "rig1"}, "2026", True
        )
    },
)


@pytest.fixture
def place(tmp_path):
    return tmp_path / "recheck" / "a.json"


def test_a_record_comes_back_as_it_was(place):
    records.save(place, RECORD)
    assert records.load(place) == RECORD
    assert place.stat().st_mode & 0o777 == 0o600
    assert place.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("which", ["file", "directory"])
def test_what_others_can_write_is_not_read(place, which):
    records.save(place, RECORD)
    (place if which == "file" else place.parent).chmod(0o777)
    assert records.load(place) is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_what_is_somebody_elses_is_not_read(place):
    records.save(place, RECORD)
    os.chown(place, 65534, 65534)
    assert records.load(place) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "\x00", '{"form": 99}'])
def test_what_is_no_record_is_none(place, text):
    records.save(place, RECORD)
    place.write_text(text)
    assert records.load(place) is None


def test_a_record_with_a_part_missing_is_none(place):
    records.save(place, RECORD)
    whole = json.loads(place.read_text())
    for name in whole:
        place.write_text(json.dumps({key: value for key, value in whole.items() if key != name}))
        assert records.load(place) is None, name


def test_none_is_there_and_forgetting_it_is_no_mistake(place):
    assert records.load(place) is None
    records.forget(place)


def test_only_the_newest_are_kept(place):
    for number in range(35):
        one = place.with_name(f"{number}.json")
        records.save(one, RECORD)
        os.utime(one, (number, number))
    records.save(place, RECORD)
    left = {one.stem for one in place.parent.iterdir()}
    assert left == {"a", *(str(number) for number in range(6, 35))}


def test_each_command_has_a_place_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    one = records.place_of(("apply", "lab.py"))
    assert one.is_relative_to(tmp_path)
    assert one != records.place_of(("apply", "other.py"))
    monkeypatch.chdir(tmp_path)
    assert one != records.place_of(("apply", "lab.py"))
