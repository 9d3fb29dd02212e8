"""What the controller's side of an evaluation depends on, and how a change of it is noticed."""

import os
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from deeprig.recheck.inputs import WATCH, first_changed, mark_of, marks_of, variables


@pytest.fixture
def watch(lab):
    begin_later(lab.parent)
    yield WATCH
    WATCH.end()


def begin_later(place):
    """Begin when what was written until now has a time that is past."""
    # File systems tell times in ticks of some milliseconds.
    before = time.time() + 0.02
    probe = place / "probe"
    while not probe.exists() or probe.stat().st_mtime <= before:
        probe.write_text("")
    WATCH.begin()
    # This process has loaded modules that other tests wrote since it began.
    WATCH.process_began = WATCH.began


def marks(watch, lab, *more):
    found = marks_of(watch, lab, more)
    assert not isinstance(found, str), found
    return found


def test_a_file_that_is_read_counts_even_where_its_time_is_set_back(watch, lab):
    file = lab / "inventory" / "lab.py"
    file.read_text()
    found = marks(watch, lab)
    assert str(file) in found
    assert first_changed(found) == ""
    then = file.stat()
    file.write_text("hosts = [1]\n"[: then.st_size])
    os.utime(file, ns=(then.st_atime_ns, then.st_mtime_ns))
    assert first_changed(found)


def test_what_is_written_does_not_count(watch, lab):
    (lab.parent / "log").write_text("x")
    assert str(lab.parent / "log") not in watch.paths


@pytest.mark.parametrize("place", ["roles/new.py", "inventory/group_data", "templates"])
def test_something_new_where_content_is_looked_for_counts(watch, lab, place):
    found = marks(watch, lab)
    (lab / place).mkdir()
    assert first_changed(found)


def test_a_directory_that_is_listed_counts(watch, lab):
    place = lab.parent / "keys"
    place.mkdir()
    os.utime(place, (1, 1))
    WATCH.begin()
    assert list(place.iterdir()) == []
    assert str(place) in watch.paths


def test_a_path_that_is_not_there_counts_when_it_comes(watch, lab):
    config = lab.parent / "config"
    found = marks(watch, lab, str(config))
    assert first_changed(found) == ""
    config.write_text("Host rig1\n")
    assert first_changed(found)


def test_a_loaded_module_counts(watch, lab):
    found = marks(watch, lab)
    assert mark_of(pytest.__file__) == found[pytest.__file__]


def test_a_module_that_changed_since_the_process_began_is_unknown(watch, lab, monkeypatch):
    module = lab / "roles" / "early.py"
    module.write_text("")
    begin_later(lab.parent)
    marks(watch, lab, str(module))
    monkeypatch.setitem(sys.modules, "early", SimpleNamespace(__file__=str(module)))
    watch.begin()
    watch.process_began = module.stat().st_mtime - 0.001
    assert marks_of(watch, lab) == f"{module} changed while it ran"


def test_what_changes_while_it_runs_is_unknown(watch, lab):
    file = lab / "inventory" / "lab.py"
    file.write_text("hosts = [2]\n")
    file.read_text()
    assert marks_of(watch, lab) == f"{file} changed while it ran"


def test_another_program_and_a_network_are_unknown(watch, lab):
    subprocess.run(["true"], check=True)
    assert "another program" in marks_of(watch, lab)
    watch.begin()
    with socket.socket() as client:
        client.connect_ex(("127.0.0.1", 1))
    assert "a network" in marks_of(watch, lab)


def test_connecting_to_the_hosts_asks_a_network_and_programs(watch, lab):
    with watch.connecting():
        subprocess.run(["true"], check=True)
        with socket.socket() as client:
            client.connect_ex(("127.0.0.1", 1))
    assert watch.unknown == ""


def test_more_directories_than_a_lab_has_are_unknown(watch, lab, monkeypatch):
    monkeypatch.setattr("deeprig.recheck.inputs._MOST_DIRECTORIES", 1)
    assert "directories" in marks_of(watch, lab)


def test_a_variable_counts(monkeypatch):
    before = variables()
    monkeypatch.setenv("LAB_PASSWORD", "new")
    assert variables() != before
    monkeypatch.delenv("LAB_PASSWORD")
    monkeypatch.setenv("COLUMNS", "77")
    assert variables() == before
