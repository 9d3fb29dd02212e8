"""A directory of wheels: found by project, version and digest, and what is missing is told."""

import hashlib

import pytest

from deeprig.errors import DeeprigError
from deeprig.wheels.directory import declared_wheel, find_wheel
from deeprig.wheels.lock import LockedWheel

CONTENT = b"a wheel"
WHEEL = LockedWheel("some-thing", "1.0", hashlib.sha256(CONTENT).hexdigest())
NAME = "some_thing-1.0-py3-none-any.whl"


def test_the_right_one_is_found_whatever_its_tags_are(tmp_path):
    (tmp_path / NAME).write_bytes(b"another")
    right = tmp_path / "some_thing-1.0-cp36-abi3-manylinux2014_x86_64.whl"
    right.write_bytes(CONTENT)
    (tmp_path / "not a wheel's name.whl").write_bytes(CONTENT)
    assert find_wheel(tmp_path, WHEEL) == right
    assert declared_wheel(tmp_path, WHEEL, "x86_64") == right


@pytest.mark.parametrize("name", ["other-1.0-py3-none-any.whl", "some_thing-2.0-py3-none-any.whl"])
def test_a_missing_one_is_told_with_its_digest(tmp_path, name):
    (tmp_path / name).write_bytes(CONTENT)
    assert find_wheel(tmp_path, WHEEL) is None
    with pytest.raises(DeeprigError, match="it has no wheel of some-thing") as told:
        declared_wheel(tmp_path, WHEEL, "x86_64")
    assert WHEEL.sha256 in str(told.value)


def test_one_of_another_digest_is_told_by_its_name(tmp_path):
    (tmp_path / NAME).write_bytes(b"another")
    with pytest.raises(DeeprigError, match=f"{NAME} has another SHA-256"):
        declared_wheel(tmp_path, WHEEL, "x86_64")


def test_a_directory_that_is_not_there_is_told(tmp_path):
    assert find_wheel(tmp_path / "none", WHEEL) is None
    with pytest.raises(DeeprigError, match="no such directory"):
        declared_wheel(tmp_path / "none", WHEEL, "x86_64")
