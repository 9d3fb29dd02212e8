"""A wheel is unpacked when it is the one ordered, whole, and of the kind that is carried."""

import pytest
from deeprig_host.environment.wheels import stored, unpack, wheel_path
from deeprig_host.machine.refusal import Refused

from tests.unit.host.environment.wheel_files import store_wheel, wheel_of

FILES = {"some/__init__.py": b"x = 1\n", "other.py": b"", "some-1.dist-info/WHEEL": b"y"}


def unpacked(tmp_path, content):
    sha256 = store_wheel(tmp_path / "store", content)
    into = tmp_path / "into"
    into.mkdir(exist_ok=True)
    unpack(wheel_path(tmp_path / "store", sha256), sha256, into)
    return {str(p.relative_to(into)): p.read_bytes() for p in into.rglob("*") if p.is_file()}


def test_all_its_files_are_unpacked(tmp_path):
    found = unpacked(tmp_path, wheel_of(FILES))
    assert {name: found[name] for name in FILES} == FILES
    assert set(found) - set(FILES) == {"some-1.dist-info/RECORD"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (wheel_of(FILES, more={"other.py": b"altered"}), "other.py is not what its RECORD tells"),
        (wheel_of(FILES, more={"added.py": b""}), "added.py"),
        (wheel_of(FILES, without=("other.py",)), "other.py is missing"),
        (wheel_of(FILES, has_record=False), "it has no RECORD"),
        (wheel_of({"../out.py": b""}), "leads out of it"),
        (wheel_of({"/out.py": b""}), "leads out of it"),
        (wheel_of({"some-1.data/scripts/run": b""}), "needs an installer"),
        (wheel_of({"some-1.dist-info/entry_points.txt": b""}), "needs an installer"),
        (b"no zip at all", "is no wheel that can be used"),
    ],
)
def test_what_is_no_such_wheel_is_refused(tmp_path, content, told):
    with pytest.raises(Refused, match=told) as refused:
        unpacked(tmp_path, content)
    assert refused.value.remedy
    assert not (tmp_path / "out.py").exists()


def test_an_altered_and_a_missing_wheel_are_told_apart(tmp_path):
    sha256 = store_wheel(tmp_path, wheel_of(FILES))
    path = wheel_path(tmp_path, sha256)
    path.write_bytes(path.read_bytes() + b"x")
    assert stored(tmp_path, (sha256,)) == ()
    with pytest.raises(Refused, match="is damaged"):
        unpack(path, sha256, tmp_path)
    path.unlink()
    assert stored(tmp_path, (sha256,)) == ()
    with pytest.raises(Refused, match="is missing"):
        unpack(path, sha256, tmp_path)


def test_two_wheels_with_one_file_are_refused(tmp_path):
    unpacked(tmp_path, wheel_of(FILES))
    with pytest.raises(Refused, match="two wheels have a file"):
        unpacked(tmp_path, wheel_of(FILES))
