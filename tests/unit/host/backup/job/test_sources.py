"""Sources: what restic would skip in silence is a fault here."""

import os

import pytest
from deeprig_host.backup import sources
from deeprig_host.backup.declared import Backup
from deeprig_host.backup.mounts import Mount
from deeprig_host.backup.sources import check_mounts, check_sources
from deeprig_host.machine.commands import Machine


def backup(*sources, **fields):
    return Backup(sources, (), **fields)


@pytest.fixture
def home(machine):
    path = machine.path("/home")
    path.mkdir()
    return path


def test_a_source_with_something_in_it_is_usable(machine, home):
    (home / "a").touch()
    found = check_sources(machine, backup("/home"), ())
    assert (found.usable, found.filled, found.faults) == (("/home",), ("/home",), ())


def test_one_that_was_always_empty_is_usable(machine, home):
    found = check_sources(machine, backup("/home"), ())
    assert (found.usable, found.filled, found.faults) == (("/home",), (), ())


def test_a_file_is_a_source(machine):
    machine.path("/notes").write_text("x")
    assert check_sources(machine, backup("/notes"), ()).filled == ("/notes",)
    machine.path("/notes").write_text("")
    (fault,) = check_sources(machine, backup("/notes"), ("/notes",)).faults
    assert "is empty" in fault.reason


def test_one_that_is_emptied_is_a_fault_unless_it_may_be(machine, home):
    found = check_sources(machine, backup("/home"), ("/home",))
    assert (found.usable, found.faults[0].path) == ((), "/home")
    assert "is empty, and was not the last time" in found.faults[0].reason
    allowed = check_sources(machine, backup("/home", may_be_empty=("/home",)), ("/home",))
    assert (allowed.usable, allowed.faults) == (("/home",), ())


def test_a_missing_one_does_not_hide_the_others(machine, home):
    (home / "a").touch()
    found = check_sources(machine, backup("/data", "/home"), ())
    assert found.usable == ("/home",)
    assert [str(fault) for fault in found.faults] == [
        "/data does not exist; make it, or take it out of sources"
    ]


def test_a_link_is_a_fault_that_names_its_target(machine, home):
    machine.path("/users").symlink_to("/home")
    (fault,) = check_sources(machine, backup("/users"), ()).faults
    assert (fault.reason.split(":")[0], fault.remedy) == (
        "is a symbolic link",
        "name /home instead",
    )


def test_one_that_cannot_be_read_is_a_fault(machine, home, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    (fault,) = check_sources(machine, backup("/home"), ()).faults
    assert fault.reason == "cannot be read: Permission denied"


def test_what_lies_on_a_mount_that_is_missing_is_not_backed_up_from_below_it(machine, home):
    for name in ("a", "ada", "b"):
        (home / name).mkdir()
    declared = backup("/home/a", "/home/ada", "/home/b/", mounts=("/home/a",))
    found = check_sources(machine, declared, ())
    assert found.usable == ("/home/ada", "/home/b/")
    assert [(one.path, one.reason) for one in found.faults] == [("/home/a", "is not mounted")]


def test_a_mount_that_is_there_is_no_fault(tmp_path):
    here = Machine(tmp_path.parents[len(tmp_path.parents) - 1])
    assert check_sources(here, backup("/proc", mounts=("/proc",)), ()).faults == ()


@pytest.fixture
def dead(monkeypatch):
    """A mount whose server is gone."""

    def at(path):
        mount = Mount(path, "nfs4", "nas:/data")
        monkeypatch.setattr(sources, "silent", lambda *_: (mount,))

    return at


def test_a_dead_mount_in_a_source_is_a_fault_and_left_out(machine, home, dead):
    (home / "a").touch()
    dead("/home/nas")
    found = check_sources(machine, backup("/home"), ())
    assert (found.usable, found.silent) == (("/home",), ("/home/nas",))
    (fault,) = found.faults
    assert str(fault).startswith("/home/nas does not answer within 20 s (nfs4 of nas:/data); ")


def test_a_source_on_a_dead_mount_is_not_even_looked_at(machine, home, dead, monkeypatch):
    (home / "a").touch()
    dead("/home")
    monkeypatch.setattr(sources, "_look", None)
    monkeypatch.setattr(sources, "is_mounted", None)
    found = check_sources(machine, backup("/home/ada", mounts=("/home",)), ())
    assert (found.usable, found.silent, len(found.faults)) == ((), (), 1)
    assert len(check_mounts(machine, ("/home",))) == 1
