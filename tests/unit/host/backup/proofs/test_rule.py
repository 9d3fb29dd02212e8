"""What a restore may replace."""

import pytest
from deeprig_host.backup.rule import OVERWRITES, Rule, Thing, decide

RIGHTS = (0o644, 0, 0)
NEW = Thing("file", 5, 100, RIGHTS)


def thing(mtime_ns, kind="file", rights=RIGHTS):
    return Thing(kind, 5, mtime_ns, rights)


@pytest.mark.parametrize("overwrite", OVERWRITES)
def test_what_is_not_there_is_created(overwrite):
    assert decide(NEW, None, overwrite, is_equal=False).action == "created"


@pytest.mark.parametrize(
    ("overwrite", "old", "action"),
    [
        ("newer", 99, "replaced"),
        ("newer", 100, "replaced"),
        ("newer", 101, "kept"),
        ("never", 99, "kept"),
        ("all", 101, "replaced"),
    ],
)
def test_what_is_there_is_replaced_by_the_rule(overwrite, old, action):
    assert decide(NEW, thing(old), overwrite, is_equal=False).action == action


def test_equal_content_with_other_rights_is_not_the_same():
    assert decide(NEW, thing(100), "newer", is_equal=True).action == "same"
    other = thing(100, rights=(0o600, 0, 0))
    assert decide(NEW, other, "newer", is_equal=True).action == "replaced"


@pytest.mark.parametrize(
    ("new", "old", "overwrite", "action"),
    [
        ("dir", "symlink", "newer", "conflict"),
        ("dir", "file", "never", "conflict"),
        ("dir", "symlink", "all", "replaced"),
        ("file", "dir", "newer", "conflict"),
        ("file", "dir", "all", "conflict"),
        ("symlink", "file", "newer", "replaced"),
    ],
)
def test_a_directory_is_never_replaced(new, old, overwrite, action):
    decided = decide(thing(100, new), thing(50, old), overwrite, is_equal=False)
    assert decided.action == action


def test_a_new_machine_s_directories_take_the_snapshots_rights_when_told_to():
    new, newer = thing(100, kind="dir"), thing(101, kind="dir", rights=(0o755, 0, 0))
    assert Rule().decide("/a", new, newer, is_equal=True).action == "kept"
    taking = Rule(takes_directories=True)
    assert taking.decide("/a", new, newer, is_equal=True).action == "replaced"
    assert taking.decide("/a", new, new, is_equal=True).action == "same"
    # A file that is newer stays, and so does a link in a directory's place.
    assert taking.decide("/a", NEW, thing(101), is_equal=False).action == "kept"
    assert taking.decide("/a", new, thing(101, kind="symlink"), is_equal=False).action == "conflict"


def test_what_is_nobody_s_work_may_be_newer_and_is_replaced():
    rule = Rule(untouched=frozenset({"/a"}))
    assert rule.decide("/a", NEW, thing(101), is_equal=False).action == "replaced"
    assert rule.decide("/b", NEW, thing(101), is_equal=False).action == "kept"
    never = Rule("never", untouched=frozenset({"/a"}))
    assert never.decide("/a", NEW, thing(99), is_equal=False).action == "kept"
