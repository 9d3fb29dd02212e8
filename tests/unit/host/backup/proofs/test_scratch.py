"""Scratch directories: freed when all goes well, when it does not, and by the next run."""

import contextlib
import json

import pytest
from deeprig_host.backup.scratch import RECORD, scratches
from deeprig_host.backup.scratch_place import scratch_place
from deeprig_host.machine.refusal import Refused


def recorded(machine):
    text = machine.text(RECORD)
    return None if text is None else json.loads(text)


def test_scratch_is_closed_to_others_recorded_and_freed(machine):
    with scratches(machine) as made:
        directory = made.make(machine.root)
        assert directory.parent.stat().st_mode & 0o777 == 0o700
        assert recorded(machine) == [str(directory.parent)]
        (directory / "below").mkdir()
    assert list(machine.root.glob(".deeprig*")) == []
    assert recorded(machine) is None


def test_scratch_is_freed_when_the_block_fails(machine):
    with contextlib.suppress(ZeroDivisionError), scratches(machine) as made:
        directory = made.make(machine.root)
        assert directory.exists() / 0
    assert not directory.parent.exists()


def test_what_a_dead_run_left_is_freed_and_links_in_it_are_not_followed(machine):
    outside = machine.root / "outside"
    outside.mkdir()
    (outside / "work").write_text("mine")
    left = machine.root / ".deeprig-restore-left"
    left.mkdir()
    (left / "link").symlink_to(outside)
    machine.path(RECORD).parent.mkdir(parents=True)
    machine.path(RECORD).write_text(json.dumps([str(left)]))
    with scratches(machine):
        assert not left.exists()
    assert (outside / "work").read_text() == "mine"


def test_nothing_but_scratch_is_ever_removed(machine):
    home = machine.root / "home"
    home.mkdir()
    machine.path(RECORD).parent.mkdir(parents=True)
    machine.path(RECORD).write_text(json.dumps([str(home)]))
    with scratches(machine):
        assert home.exists()


def test_a_scratch_directory_that_is_a_link_is_told_and_not_followed(machine):
    home = machine.root / "home"
    home.mkdir()
    left = machine.root / ".deeprig-restore-left"
    left.symlink_to(home)
    machine.path(RECORD).parent.mkdir(parents=True)
    machine.path(RECORD).write_text(json.dumps([str(left)]))
    with pytest.raises(Refused, match="could not be removed"), scratches(machine):
        pass
    assert home.exists()
    assert recorded(machine) == [str(left)]


def test_a_spoilt_record_is_told(machine):
    machine.path(RECORD).parent.mkdir(parents=True)
    machine.path(RECORD).write_text("{")
    with pytest.raises(Refused, match="spoilt"), scratches(machine):
        pass


def test_two_at_once_are_refused(machine):
    with scratches(machine), pytest.raises(Refused, match="is running"), scratches(machine):
        pass


def test_scratch_lies_at_the_top_of_the_file_system_out_of_users_reach(machine):
    home = machine.path("/home/alice")
    home.mkdir(parents=True)
    assert scratch_place(machine, home / "not" / "there") == machine.root


def test_where_the_top_is_open_to_others_scratch_is_ours(machine):
    machine.root.chmod(0o777)
    assert scratch_place(machine, machine.root) == machine.path("/var/lib/deeprig/backup")
