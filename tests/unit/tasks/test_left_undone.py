"""What a cut run left undone is seen on the host."""

import os
import subprocess

import pytest
from pyinfra.api.exceptions import FactProcessError
from pyinfra.context import ctx_host

from deeprig.tasks.left_undone import (
    COMMAND_STARTED,
    LastStart,
    NewerFiles,
    SinceLastStart,
    StaleUnits,
    runs_since_before,
)


def newer(*files, than):
    command = NewerFiles().command(tuple(map(str, files)), str(than)).get_raw_value()
    done = subprocess.run(("sh", "-c", command), capture_output=True, text=True, check=True)
    return NewerFiles().process(done.stdout.splitlines())


def test_a_file_or_a_link_that_is_newer_than_what_is_made_from_it_is_told(tmp_path):
    made, old, new, link = (tmp_path / name for name in ("made", "old", "it's new", "link"))
    for path, seconds in ((old, 1000), (made, 2000), (new, 3000)):
        path.touch()
        os.utime(path, (seconds, seconds))
    link.symlink_to(old)
    os.utime(link, (3000, 3000), follow_symlinks=False)
    assert newer(old, new, link, than=made) == (str(new), str(link))
    assert newer(old, than=made) == ()


def test_what_is_not_there_and_what_is_of_the_future_say_nothing(tmp_path):
    made, coming = tmp_path / "made", tmp_path / "coming"
    made.touch()
    coming.touch()
    os.utime(coming, (2**32, 2**32))
    assert newer(coming, tmp_path / "missing", than=made) == ()
    assert newer(made, than=tmp_path / "missing") == ()


def test_units_that_systemd_has_not_read_again_are_told():
    output = ["Id=a.timer", "NeedDaemonReload=no", "", "NeedDaemonReload=yes", "Id=b.timer"]
    assert StaleUnits().process(output) == ("b.timer",)
    assert StaleUnits().process([]) == ()
    masked = ["Id=a.timer", "LoadState=masked", "NeedDaemonReload=yes"]
    assert StaleUnits().process(masked) == ()


#: 2021-11-21 17:00:00 UTC.
STARTED = 1637514000
SHOWN = "Sun 2021-11-21 17:00:00 UTC"


@pytest.fixture
def systemctl(tmp_path, monkeypatch):
    """A program in systemctl's place that answers what it is told; it says how it was called."""
    directory = tmp_path / "bin"
    directory.mkdir()

    def answer(state, started):
        program = directory / "systemctl"
        program.write_text(
            f"#!/bin/sh\n[ \"$TZ $LC_ALL\" = 'UTC C' ] || exit 9\n"
            f"printf 'ActiveState={state}\\n%s={started}\\n' ${{2##*,}}\n"
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")

    return answer


def since(*files, **start):
    paths = tuple(map(str, files))
    command = SinceLastStart().command("x.service", paths, **start).get_raw_value()
    done = subprocess.run(("sh", "-c", command), capture_output=True, text=True, check=True)
    return SinceLastStart().process(done.stdout.splitlines())


def changed_at(path, seconds):
    path.touch()
    os.utime(path, (seconds, seconds))
    return path


def test_files_that_a_unit_has_not_read_are_told(tmp_path, systemctl):
    systemctl("active", SHOWN)
    old = changed_at(tmp_path / "old", STARTED - 1)
    same = changed_at(tmp_path / "same second", STARTED + 0.9)
    new = changed_at(tmp_path / "it's = new", STARTED + 1)
    missing = tmp_path / "missing"
    assert since(old, same, new, missing) == LastStart("active", (str(new),))
    assert since(old, same, missing) == LastStart("active", ())
    assert since(missing) == LastStart("active", ())


def test_what_is_of_the_future_says_nothing_of_a_unit(tmp_path, systemctl):
    systemctl("active", "Sat 2000-01-01 00:00:00 UTC")
    past = changed_at(tmp_path / "past", 10**9)
    coming = changed_at(tmp_path / "coming", 2**32)
    assert since(past, coming) == LastStart("active", (str(past),))


def test_a_removed_file_makes_its_directory_newer(tmp_path, systemctl):
    directory = tmp_path / "conf.d"
    directory.mkdir()
    changed_at(directory / "file", 10**9)
    os.utime(directory, (10**9, 10**9))
    systemctl("active", "Sat 2020-01-01 00:00:00 UTC")
    assert since(directory / "file", directory).newer == ()
    (directory / "file").unlink()
    assert since(directory / "file", directory).newer == (str(directory),)


@pytest.mark.parametrize("never", ["", "n/a"])
def test_a_unit_that_was_not_started_since_the_boot_has_missed_nothing(tmp_path, systemctl, never):
    systemctl("inactive", never)
    assert since(changed_at(tmp_path / "file", 10**9)) == LastStart("inactive", ())


def test_a_unit_that_ran_to_its_end_has_its_last_start(tmp_path, systemctl):
    systemctl("inactive", "Sat 2000-01-01 00:00:00 UTC")
    file = changed_at(tmp_path / "file", 10**9)
    assert since(file) == LastStart("inactive", (str(file),))
    assert since(file, start=COMMAND_STARTED) == LastStart("inactive", (str(file),))


@pytest.mark.parametrize(
    "output",
    [
        [],
        ["ActiveState=active"],
        ["InactiveExitTimestamp="],
        ["ActiveState=active", "InactiveExitTimestamp=sam. 21 nov."],
    ],
)
def test_an_answer_without_times_is_no_answer(output):
    with pytest.raises(FactProcessError):
        SinceLastStart().process(output)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (LastStart("active", ("/f",)), True),
        (LastStart("active", ()), False),
        (LastStart("inactive", ("/f",)), False),
        (LastStart("activating", ("/f",)), False),
    ],
)
def test_only_what_runs_can_be_older_than_its_files(found, expected):
    class Asked:
        def get_fact(self, fact, *, unit, files):
            assert (fact, unit, files) == (SinceLastStart, "x.service", ("/f", "/g"))
            return found

    with ctx_host.use(Asked()):
        assert runs_since_before("x.service", "/f", "/g") is expected
