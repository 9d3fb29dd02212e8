"""What a cut run left undone is seen on the host."""

import os
import subprocess

from deeprig.tasks.left_undone import NewerFiles, StaleUnits


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
