"""What is included, how much of it there is, and what is not there."""

import os

import pytest
from deeprig_host.backup.rule import Rule
from deeprig_host.backup.survey import Survey, foreseen, included
from deeprig_host.machine.refusal import Refused


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (("/home/a/",), ("/home/a",)),
        (("/home/a/b", "/home/a", "/home/a-b"), ("/home/a", "/home/a-b")),
        (("/home/a-b", "/home/a/b"), ("/home/a/b", "/home/a-b")),
        (("/", "/etc"), ("/",)),
        (("//etc",), ("/etc",)),
    ],
)
def test_what_lies_below_another_is_included_with_it(paths, expected):
    assert included(paths) == expected


@pytest.mark.parametrize("path", ["thesis", "../etc", "/home/../etc", ""])
def test_a_path_must_be_absolute_and_plain(path):
    with pytest.raises(Refused, match="no absolute one"):
        included((path,))


def test_nothing_is_not_everything():
    with pytest.raises(Refused, match="nothing to restore"):
        included(())


def test_a_survey_counts_what_is_included_and_knows_the_directories_above(node):
    survey = Survey(("/home/a", "/etc/fstab"))
    for path, kind, size in (
        ("/home", "dir", 0),
        ("/home/a", "dir", 0),
        ("/home/a/f", "file", 70),
        ("/home/ab", "file", 500),
        ("/etc", "dir", 0),
        ("/etc/fstab", "file", 30),
    ):
        survey.offer(node(path, kind, size))
    assert (survey.things, survey.size_bytes) == (3, 100)
    assert set(survey.nodes) == {"/home", "/home/a", "/etc", "/etc/fstab"}
    survey.check_found()


def test_what_a_snapshot_does_not_hold_is_told(node):
    survey = Survey(("/home/a", "/thesis"))
    survey.offer(node("/home/a/f"))
    with pytest.raises(Refused) as told:
        survey.check_found()
    assert told.value.evidence == ("/thesis",)


@pytest.mark.parametrize(
    ("mtime", "action"), [(4, "replaced"), (5, "same"), (6, "kept"), (None, "created")]
)
def test_a_dry_run_goes_by_times(node, tmp_path, mtime, action):
    place = tmp_path / "f"
    if mtime is not None:
        place.write_bytes(b"0123456789")
        os.utime(place, ns=(0, mtime))
    found = place.stat() if place.exists() else tmp_path.stat()
    made = node("/f", mode=found.st_mode & 0o7777, uid=found.st_uid, gid=found.st_gid)
    assert foreseen(made, place, Rule()).action == action


def test_a_dry_run_below_a_file_foresees_that_nothing_is_there(node, tmp_path):
    (tmp_path / "f").write_text("a file")
    assert foreseen(node("/f/below"), tmp_path / "f" / "below", Rule()).action == "created"
