"""A lab's directory is used by one command at a time, and nothing else is ever removed."""

import pytest

from deeprig.errors import UsageProblem
from deeprig.lab import lab_directory


def test_two_commands_at_once_are_refused(tmp_path):
    with lab_directory.locked(tmp_path):
        second = lab_directory.locked(tmp_path)
        with pytest.raises(UsageProblem, match="at work on it"):
            second.__enter__()
    with lab_directory.locked(tmp_path):
        assert tmp_path.exists()  # free again


def test_a_lab_is_removed_whole(state):
    (state.machine("rig1") / "upper/etc").mkdir(parents=True)
    (state.directory / "link").symlink_to("/etc")
    lab_directory.remove(state.directory)
    assert not state.directory.exists()


def test_a_removal_that_was_killed_can_be_repeated(state):
    """The state goes last: until then the directory is still known to be a lab's."""
    (state.directory / "gateway.log").touch()
    (state.directory / "gateway.log").unlink()
    assert lab_directory.is_a_labs(state.directory)
    lab_directory.remove(state.directory)
    assert not state.directory.exists()


@pytest.mark.parametrize("left", [(), ("state.json.part",)])
def test_the_first_traces_of_a_killed_up_are_a_labs(tmp_path, left):
    directory = tmp_path / "killed"
    directory.mkdir()
    for name in left:
        (directory / name).touch()
    lab_directory.remove(directory)
    assert not directory.exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("thesis.txt", "x"),
        ("state.json", "no json"),
        ("state.json", '{"schema": "terraform/4"}'),
        ("state.json", "[]"),
    ],
)
def test_what_is_no_lab_is_left_alone(tmp_path, name, text):
    (tmp_path / "machines").mkdir()
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageProblem, match="left alone"):
        lab_directory.remove(tmp_path)
    assert (tmp_path / name).read_text() == text
