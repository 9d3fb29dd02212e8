"""`backup work` with real restic: what cron runs does all that is due, and then nothing."""

import pytest
from deeprig_host.backup.__main__ import main
from deeprig_host.backup.job import LOCK
from deeprig_host.backup.status import read_status

CONFIG = """[backup]
sources = /home
tag = rig
[repository disk]
url = /backup/restic
password_file = /etc/deeprig/backup/disk.password
prune = elsewhere
lock_wait_minutes = 0
check_subset = 1/1
retry_minutes = 1440
"""


@pytest.fixture
def work(rig, capsys):
    """Run the command; return its exit code and what it said."""
    rig.machine.path("/etc/deeprig/backup.conf").write_text(CONFIG)

    def run():
        words = ["--root", str(rig.machine.root), "work", "--restic", rig.restic.program]
        code = main(words)
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def jobs(rig):
    return {name: job.outcome for name, job in read_status(rig.machine, "disk").jobs.items()}


def test_the_first_run_backs_up_and_proves_and_the_second_does_nothing(rig, work):
    code, said = work()
    assert code == 0, said
    assert jobs(rig) == {"backup": "good", "check": "good", "drill": "good"}
    began = [line.split(":")[0] for line in said.splitlines() if line[0] != " "]
    assert began == ["disk", "check of disk", "drill of disk"]
    assert rig.scratch_left() == []
    before = rig.snapshots()
    assert work() == (0, "")
    assert rig.snapshots() == before


def test_what_it_finds_fails_it_once_and_is_not_read_again_each_quarter_of_an_hour(rig, work):
    assert work()[0] == 0
    path = rig.machine.path("/var/lib/deeprig/backup/disk.json")
    times = {job.started_time for job in read_status(rig.machine, "disk").jobs.values()}
    text = path.read_text()
    for when in times:  # a month passes
        text = text.replace(str(when), str(when - 31 * 86_400))
    path.write_text(text)
    rig.spoil(rig.packs()[0])
    code, said = work()
    assert code == 1
    assert "check of disk: failed" in said
    assert jobs(rig)["check"] == "failed"
    assert work() == (0, "")


def test_while_another_job_runs_it_says_nothing_and_nothing_is_lost(rig, work):
    with LOCK.held(rig.machine):
        assert work() == (0, "")
    assert work()[0] == 0
    assert jobs(rig)["backup"] == "good"
