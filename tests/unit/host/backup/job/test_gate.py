"""restic waits for what is left out, and refuses where it never gets to know it."""

import os
import subprocess
import time

import pytest
from deeprig_host.backup import job as job_module
from deeprig_host.backup.__main__ import main
from deeprig_host.backup.gate import Gate
from deeprig_host.backup.status import read_status

CONFIG = """[backup]
sources = /home
exclude = *.iso
[repository disk]
url = /srv/disk
password_file = /password
prune = elsewhere
create = yes
"""
#: Stands in for restic: opens the repository, reads the exclude files in turn, and ends as it is
#: told to, first before it reads them.
STAND_IN = """#!/bin/sh
echo "begun $*" >> "$0.log"
[ "$1" = backup ] || exit 0
code=$(head -n 1 "$0.codes"); sed -i 1d "$0.codes"
if [ "$code" != 0 ]; then exit "$code"; fi
while [ $# -gt 0 ]; do
  if [ "$1" = --exclude-file ]; then cat "$2" >> "$0.read"; fi
  shift
done
if ! grep -q "^[$]{.deeprig}$" "$0.read" && grep -q "^[$]{" "$0.read"; then
  echo "Fatal: invalid pattern" >&2; exit 1
fi
echo '{"message_type":"summary","snapshot_id":"85af55df","total_files_processed":3}'
"""


def read_all(gate):
    """Have another process read the gate's file, and return it."""
    words = ["cat", gate.words[1]]
    return subprocess.Popen(words, stdout=subprocess.PIPE, pass_fds=gate.descriptors)


def test_the_other_half_comes_when_the_work_is_done(tmp_path):
    written = tmp_path / "written"
    with Gate(lambda: written.write_text("x")) as gate, read_all(gate) as reader:
        assert not written.exists()
        gate.work()
        assert written.exists()
        assert reader.stdout.read() == b"${[deeprig}\n"


def test_a_work_that_fails_leaves_half_a_pattern():
    def fail():
        raise OSError("no room")

    with Gate(fail) as gate, read_all(gate) as reader:
        with pytest.raises(OSError, match="no room"):
            gate.work()
        assert reader.stdout.read() == b"${[deeprig"


def test_what_never_worked_leaves_nothing_open():
    before = os.listdir("/proc/self/fd")  # noqa: PTH208 - names, and no path is wanted
    with Gate(lambda: None):
        pass
    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208 - see above


def wait_until(holds):
    """Have what another process does; a test that waits for ever tells nothing."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        os.sched_yield()


class Rig:
    def __init__(self, machine, place):
        self.machine = machine
        self.program = place / "restic"
        self.program.write_text(STAND_IN)
        self.program.chmod(0o755)
        self.ends_with(0)
        for name, text in (
            ("/etc/deeprig/backup.conf", CONFIG),
            ("/password", "hush\n"),
            ("/home/ada/thesis", "x"),
        ):
            path = machine.path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o600)

    def ends_with(self, *codes):
        self.program.with_name("restic.codes").write_text("".join(f"{code}\n" for code in codes))

    def back_up(self):
        return main(["--root", str(self.machine.root), "run", "--restic", str(self.program)])

    @property
    def begun(self):
        return self.program.with_name("restic.log").read_text().splitlines()

    @property
    def read(self):
        return self.program.with_name("restic.read").read_text().splitlines()

    @property
    def job(self):
        return read_status(self.machine, "disk").jobs["backup"]


@pytest.fixture
def rig(machine, tmp_path):
    return Rig(machine, tmp_path)


def test_restic_begins_before_the_look_and_reads_after_it(rig, monkeypatch):
    real, log = job_module.leave_out, rig.program.with_name("restic.log")

    def look(*words):
        wait_until(log.exists)  # it is begun already
        return real(*words)

    monkeypatch.setattr(job_module, "leave_out", look)
    assert rig.back_up() == 0
    assert rig.read[0] == "${[deeprig}", "before the file that it stands for"
    assert {"*.iso", ".cache"} <= set(rig.read[1:])
    assert len(rig.begun) == 1


def test_without_a_look_there_is_no_snapshot(rig, monkeypatch, capsys):
    half = rig.program.with_name("restic.read")

    def look(*_):
        wait_until(lambda: half.exists() and half.read_text())  # restic waits for the rest
        raise OSError("no room for the file of what is left out")

    monkeypatch.setattr(job_module, "leave_out", look)
    assert rig.back_up() == 1
    assert "no room for the file" in capsys.readouterr().err
    assert rig.read == ["${[deeprig"]
    assert rig.job.outcome == "running", "as of any job that was cut off"


def test_the_sources_are_looked_at_once_and_a_second_attempt_waits_for_nothing(rig, monkeypatch):
    looks, real = [], job_module.leave_out
    monkeypatch.setattr(job_module, "leave_out", lambda *words: (looks.append(1), real(*words))[1])
    rig.ends_with(10, 0)  # there is no repository yet: it is made
    assert rig.back_up() == 0
    assert [line.split()[1] for line in rig.begun] == ["backup", "init", "backup"]
    assert rig.begun[0].count("--exclude-file") == 2
    assert rig.begun[2].count("--exclude-file") == 1
    assert len(looks) == 1
    assert "*.iso" in rig.read
    assert rig.job.outcome == "good"
