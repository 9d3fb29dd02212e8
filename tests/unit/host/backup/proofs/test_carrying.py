"""What is opened to be read or merged is what lies there, never what a link leads to."""

import os

import pytest
from deeprig_host.backup.carrying import Spot, copy, move, opened_directory


@pytest.fixture
def spot(tmp_path):
    with opened_directory(tmp_path) as directory:
        yield lambda name: Spot(directory, name)


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_DIRECTORY])
def test_a_link_is_not_opened(spot, tmp_path, flags):
    (tmp_path / "outside").mkdir()
    (tmp_path / "link").symlink_to("outside")
    with (
        pytest.raises(OSError, match=r"Not a directory|Too many levels"),
        spot("link").opened(flags),
    ):
        pass


def test_nothing_has_no_status_and_a_link_its_own(spot, tmp_path):
    (tmp_path / "link").symlink_to("/nowhere")
    assert spot("none").status() is None
    assert spot("link").status().st_ino == (tmp_path / "link").lstat().st_ino


def test_a_copy_replaces_as_a_whole_and_has_the_rights(spot, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("old")
    new.write_text("new")
    new.chmod(0o4751)
    os.utime(new, ns=(1, 2))
    copy(spot("new"), spot("old"), new.stat())
    found = old.stat()
    assert (old.read_text(), found.st_mode & 0o7777, found.st_mtime_ns) == ("new", 0o4751, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "old"]


def test_a_draft_of_a_run_that_was_cut_off_is_in_nobodys_way(spot, tmp_path):
    (tmp_path / "old.deeprig-restore-draft").write_text("half")
    (tmp_path / "new").write_text("new")
    copy(spot("new"), spot("old"), (tmp_path / "new").stat())
    assert (tmp_path / "old").read_text() == "new"


def test_a_move_of_what_is_not_there_is_an_error(spot):
    with pytest.raises(FileNotFoundError):
        move(spot("none"), spot("there"))
