"""What `lab up` is asked for is checked before anything is made."""

from pathlib import Path

import pytest

from deeprig.errors import UsageProblem
from deeprig.lab.asked import LabSpec, check_spec


@pytest.fixture
def directory(tmp_path, monkeypatch):
    monkeypatch.setattr("deeprig.lab.asked.check_directory", lambda directory: None)
    return tmp_path / "labs" / "mine"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"hosts": 0}, "1 to 200"),
        ({"hosts": 201}, "1 to 200"),
        ({"os": "beos"}, "debian12, debian13"),
        ({"served": (("a/b", Path("/")),)}, "part of a URL"),
        ({"served": (("dist", Path("/no/such")),)}, "no directory"),
        ({"data": Path("/no/such.py")}, "no such file"),
        ({"mirror": "lan.example/debian"}, "no http or https URL"),
        ({"directory": Path("/tmp/with blank")}, "cannot be a lab's name"),
        ({"directory": Path("/tmp/" + "x" * 41)}, "cannot be a lab's name"),
    ],
)
def test_what_cannot_be_is_told_at_once(directory, asked, told):
    with pytest.raises(UsageProblem, match=told):
        check_spec(LabSpec(**({"directory": directory} | asked)))
    assert not directory.exists()


def test_a_directory_with_something_else_is_not_made_a_lab(directory):
    directory.mkdir(parents=True)
    check_spec(LabSpec(directory))
    (directory / "thesis.txt").touch()
    with pytest.raises(UsageProblem, match="something else than a lab"):
        check_spec(LabSpec(directory))


def test_an_existing_lab_may_get_more_hosts(state):
    check_spec(LabSpec(state.directory, hosts=5))


def test_a_cache_that_mount_would_misread_is_told(directory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/tmp/a:b")
    with pytest.raises(UsageProblem, match="XDG_CACHE_HOME"):
        check_spec(LabSpec(directory))
