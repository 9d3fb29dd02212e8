"""The programs that make users are told no more than is meant, and a failure stops the rebuild."""

import os
from pathlib import Path

import pytest
from deeprig_host.backup.rebuild_accounts import AccountPlan
from deeprig_host.backup.rebuild_owners import Owners
from deeprig_host.backup.rebuild_people import make_homes, make_people, shells_missing
from deeprig_host.backup.state_accounts import Group, User
from deeprig_host.machine.commands import Done, Machine
from deeprig_host.machine.refusal import Refused

CARL = User("carl", os.geteuid(), os.getegid(), "/home/carl", "/bin/zsh")
PLAN = AccountPlan((Group("lab", 2000, ()),), (CARL,), (("carl", "video"),), (), Owners())


def test_groups_come_first_then_users_then_who_is_in_what(tmp_path):
    calls = []

    def run(*words, **options):
        calls.append(words)
        return Done(words, 0)

    told = [one.name for one in make_people(Machine(tmp_path, run), PLAN)]
    assert told == ["group lab", "user carl", "user carl"]
    assert [call[0] for call in calls] == ["groupadd", "useradd", "gpasswd"]
    assert calls[0][1:] == ("--gid", "2000", "--", "lab")
    assert calls[1][-2:] == ("--", "carl")
    assert "--no-create-home" in calls[1]


def test_what_cannot_be_made_ends_it_before_a_file_is_restored(tmp_path):
    def run(*words, **options):
        return Done(words, 4, err="useradd: UID 1500 is not unique") if words else None

    with pytest.raises(Refused) as refused:
        tuple(make_people(Machine(tmp_path, run), PLAN))
    assert "no file was restored" in refused.value.reason
    assert refused.value.evidence == ("useradd: UID 1500 is not unique",)


def test_a_home_that_the_backup_has_not_is_made_closed(tmp_path):
    machine = Machine(tmp_path)
    assert [one.name for one in make_homes(machine, PLAN)] == ["home /home/carl"]
    assert (tmp_path / "home/carl").stat().st_mode & 0o777 == 0o700
    assert tuple(make_homes(machine, PLAN)) == ()


def test_a_link_that_comes_into_a_new_home_s_place_is_not_given_away(tmp_path, monkeypatch):
    theirs, given = tmp_path / "theirs", []
    theirs.mkdir()
    real = Path.mkdir

    def mkdir(path, *words, **options):
        real(path, *words, **options)
        if path.name == "carl":
            path.rmdir()
            path.symlink_to(theirs)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    for name in ("chown", "fchown"):
        monkeypatch.setattr(os, name, lambda *words: given.append(words))
    with pytest.raises(NotADirectoryError):
        tuple(make_homes(Machine(tmp_path), PLAN))
    assert given == []


def test_a_shell_that_is_not_installed_is_told(tmp_path):
    machine = Machine(tmp_path)
    assert shells_missing(machine, PLAN) == ("carl: /bin/zsh is not installed here",)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/zsh").touch()
    assert shells_missing(machine, PLAN) == ()
