"""What the collector tells of backups, from files that the jobs' own code has written."""

import fcntl
import os
import time

import pytest
from deeprig_host.backup import heartbeat
from deeprig_host.backup.check_progress import Progress
from deeprig_host.backup.declared import Repository
from deeprig_host.backup.places import CONFIG_FILE, LOCK_FILE
from deeprig_host.backup.recording import begin, finish
from deeprig_host.backup.space import space_of
from deeprig_host.metrics import backup
from deeprig_host.metrics.part import PartFailed
from deeprig_host.metrics.samples import Samples

HOUR, DAY = 3600.0, 86_400.0
CONFIG = """[backup]
sources = /home
[repository disk]
url = /srv/disk
password_file = /etc/deeprig/password
keep_daily = 7
maximum_age_hours = 30
check_period_hours = 100
drill_period_hours = 0
"""
CLOUD = """[repository cloud]
url = s3:https://s3.example.org/b
password_file = /etc/deeprig/password
prune = elsewhere
"""
NUMBERS = {"files": 12, "bytes": 3000, "added_bytes": 0, "seconds": 4.2, "snapshot": "ab"}


class Backups:
    """A machine with backups; its jobs' statuses are written by the jobs' own code."""

    def __init__(self, files):
        self.files, self.machine = files, files.machine
        self.now = time.time()

    def declare(self, text=CONFIG, age=0.0):
        path = self.files.place(CONFIG_FILE, text)
        os.utime(path, (self.now - age,) * 2)

    def did(self, what, *reasons, name="disk", ago=HOUR, took=60.0, **details):
        begin(self.machine, name, what, self.now - ago)
        end = self.now - ago + took
        finish(self.machine, name, what, end, reasons=reasons, details=details)

    def told(self):
        """Return what the collector tells, and what failed in it."""
        samples, failed = Samples(), ""
        try:
            backup.read(self.machine, samples)
        except PartFailed as error:
            failed = str(error)
        found = {
            (one.metric.name.removeprefix("deeprig_backup_"), *one.labels): one.value
            for one in samples
        }
        return found, failed

    def seen(self):
        found, failed = self.told()
        assert failed == ""
        return found


@pytest.fixture
def backups(files):
    return Backups(files)


def about(value):
    """A time: the test's clock and the collector's are some moments apart."""
    return pytest.approx(value, abs=20)


def test_a_host_without_backups_tells_nothing(backups):
    assert backups.seen() == {}


def test_a_good_backup_is_told_with_its_numbers(backups):
    backups.declare()
    backups.did("backup", **NUMBERS)
    seen = backups.seen()
    assert seen["config_ok",] == 1
    assert {key[0]: value for key, value in seen.items() if key[1:] == ("disk", "backup")} == {
        "ok": 1,
        "running": 0,
        "success_timestamp_seconds": about(backups.now - HOUR),
        "started_timestamp_seconds": about(backups.now - HOUR),
        "duration_seconds": pytest.approx(60),
        "maximum_age_seconds": 30 * HOUR,
        "deadline_timestamp_seconds": about(backups.now + 29 * HOUR),
    }
    assert {key[0]: value for key, value in seen.items() if key[1:] == ("disk",)} == {
        "files": 12,
        "bytes": 3000,
        "added_bytes": 0,
    }


def test_what_is_left_of_the_good_one_before_is_told(backups):
    backups.declare()
    backups.did("backup", ago=9 * HOUR, files=100, bytes=1000)
    assert ("remaining_ratio", "disk") not in backups.seen()
    backups.did("backup", ago=8 * HOUR, files=200, bytes=900)
    assert backups.seen()["remaining_ratio", "disk"] == 0.9
    backups.did("backup", "partial", ago=7 * HOUR, files=20, bytes=1000)
    assert backups.seen()["remaining_ratio", "disk"] == 0.1
    backups.did("backup", "no answer", ago=6 * HOUR)
    assert ("remaining_ratio", "disk") not in backups.seen()
    backups.did("backup", ago=5 * HOUR, files=300, bytes=1800)
    assert backups.seen()["remaining_ratio", "disk"] == 1, "of the good one: 200 files, 900 bytes"


def test_after_an_empty_one_nothing_can_be_said(backups):
    backups.declare()
    backups.did("backup", ago=9 * HOUR, files=0, bytes=0)
    backups.did("backup", files=3, bytes=3)
    assert ("remaining_ratio", "disk") not in backups.seen()


def test_what_was_never_done_has_only_a_deadline(backups):
    backups.declare(age=2 * DAY)
    seen = {key: value for key, value in backups.seen().items() if "disk" in key}
    assert seen == {
        ("maximum_age_seconds", "disk", "backup"): 30 * HOUR,
        ("maximum_age_seconds", "disk", "check"): 200 * HOUR,
        ("deadline_timestamp_seconds", "disk", "backup"): about(backups.now - 18 * HOUR),
        ("deadline_timestamp_seconds", "disk", "check"): about(backups.now + 152 * HOUR),
    }


def test_a_failure_keeps_the_age_of_what_was_good(backups):
    backups.declare(age=9 * DAY)
    backups.did("backup", ago=2 * DAY)
    backups.did("backup", "no space")
    seen = backups.seen()
    assert seen["ok", "disk", "backup"] == 0
    assert seen["success_timestamp_seconds", "disk", "backup"] == about(backups.now - 2 * DAY)
    assert seen["deadline_timestamp_seconds", "disk", "backup"] == about(backups.now - 18 * HOUR)


def test_a_failure_stays_one_while_the_next_run_goes_on(backups):
    backups.declare()
    backups.did("backup", "no space", **NUMBERS)
    begin(backups.machine, "disk", "backup", backups.now)
    seen = backups.seen()
    assert (seen["ok", "disk", "backup"], seen["running", "disk", "backup"]) == (0, 1)
    assert (seen["files", "disk"], seen["duration_seconds", "disk", "backup"]) == (12, 60)
    assert ("success_timestamp_seconds", "disk", "backup") not in seen


def test_the_first_run_has_no_outcome_while_it_goes_on(backups):
    backups.declare()
    begin(backups.machine, "disk", "backup", backups.now)
    seen = backups.seen()
    assert seen["running", "disk", "backup"] == 1
    assert ("ok", "disk", "backup") not in seen


def test_a_run_over_which_the_clock_was_set_back_has_no_duration(backups):
    backups.declare()
    backups.did("backup", took=-500.0)
    seen = backups.seen()
    assert seen["ok", "disk", "backup"] == 1
    assert ("duration_seconds", "disk", "backup") not in seen


def test_a_success_of_a_clock_that_ran_ahead_proves_nothing(backups):
    backups.declare(age=2 * DAY)
    backups.did("backup", ago=-30 * DAY)
    seen = backups.seen()
    assert ("success_timestamp_seconds", "disk", "backup") not in seen
    assert seen["deadline_timestamp_seconds", "disk", "backup"] == about(backups.now - 18 * HOUR)


def test_a_declaration_from_the_future_is_told(backups):
    backups.declare(age=-DAY)
    seen, failed = backups.told()
    assert "in the future" in failed
    assert ("deadline_timestamp_seconds", "disk", "backup") not in seen


def test_checks_and_drills_tell_what_they_found(backups):
    backups.declare()
    backups.did("check", repository_bytes=700)
    backups.did("drill", "differs", files=20, size_bytes=400, outcome="failed")
    seen = backups.seen()
    assert (seen["ok", "disk", "check"], seen["ok", "disk", "drill"]) == (1, 0)
    assert seen["repository_bytes", "disk"] == 700
    assert (seen["drilled_files", "disk"], seen["drilled_bytes", "disk"]) == (20, 400)


@pytest.mark.parametrize(
    ("read_at", "share", "since"),
    [((0.0, 5e8, 0.0, 0.0), 0.25, None), ((7e8, 5e8, 6e8, 9e8), 1, 5e8), ((), None, None)],
)
def test_how_much_of_the_data_was_ever_read_is_told(backups, read_at, share, since):
    backups.declare(CONFIG + "check_subset = 1/4\n")
    told = {"groups": 4, "last_good": 1, "read_at": list(read_at)}
    assert set(told) == set(Progress.__dataclass_fields__), "as the check writes it"
    backups.files.place("/var/lib/deeprig/backup/check/disk.json", told)
    seen = backups.seen()
    assert seen.get(("read_ratio", "disk")) == share
    assert seen.get(("read_since_timestamp_seconds", "disk")) == since


def test_packs_drawn_by_chance_tell_no_share(backups):
    backups.declare(CONFIG + "check_subset = 500M\n")
    assert ("read_ratio", "disk") not in backups.seen()


def test_a_spoilt_status_costs_its_own_numbers_and_stays_unproven(backups):
    backups.declare(CONFIG + CLOUD, age=2 * DAY)
    backups.did("backup", name="cloud")
    backups.files.place("/var/lib/deeprig/backup/disk.json", "{")
    seen, failed = backups.told()
    assert "disk: " in failed
    assert "cloud" not in failed
    assert seen["ok", "cloud", "backup"] == 1
    assert ("ok", "disk", "backup") not in seen
    assert seen["deadline_timestamp_seconds", "disk", "backup"] < backups.now


def test_details_that_are_no_numbers_are_told(backups):
    backups.declare()
    backups.did("backup", files="many", bytes=None)
    seen, failed = backups.told()
    assert "files is 'many', not a number" in failed
    assert ("bytes", "disk") not in seen


def test_a_configuration_that_cannot_be_used_is_told(backups):
    backups.declare("[backup]\nsources = home\n")
    seen, failed = backups.told()
    assert seen == {("config_ok",): 0}
    assert failed.startswith(f"{CONFIG_FILE}:")


def test_the_schedule_shows_itself_by_asking(backups):
    backups.declare(age=DAY)
    heartbeat.beat(backups.machine)
    asked = backups.machine.path(heartbeat.ASKED_FILE)
    os.utime(asked, (backups.now - 500,) * 2)
    assert backups.seen()["schedule_timestamp_seconds",] == about(backups.now - 500)
    heartbeat.beat(backups.machine)
    assert backups.seen()["schedule_timestamp_seconds",] == about(time.time())


@pytest.mark.parametrize(("booted_ago", "since"), [(9 * DAY, DAY), (HOUR, HOUR)])
def test_before_it_asks_it_is_as_old_as_the_boot_or_the_declaration(backups, booted_ago, since):
    backups.declare(age=DAY)
    backups.files.place("/proc/stat", f"cpu 1 2\nbtime {backups.now - booted_ago:.0f}\n")
    assert backups.seen()["schedule_timestamp_seconds",] == about(backups.now - since)


def test_a_job_at_work_is_a_sign_of_the_schedule_too(backups):
    backups.declare(age=DAY)
    backups.machine.path("/proc").symlink_to("/proc")
    lock = backups.files.place(LOCK_FILE, "")
    os.utime(backups.machine.path(CONFIG_FILE), (1e9,) * 2)
    idle = backups.seen()["schedule_timestamp_seconds",]
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert backups.seen()["schedule_timestamp_seconds",] == about(time.time())
    assert backups.seen()["schedule_timestamp_seconds",] == idle


def test_the_job_tells_the_room_of_a_directory_and_of_nothing_else(files):
    files.machine.path("/srv/disk").mkdir(parents=True)
    room = space_of(files.machine, Repository("disk", "/srv/disk", "/p"))
    assert 0 <= room["space_free_bytes"] < room["space_bytes"]
    for url in ("/srv/none", "s3:https://h/b", "sftp:a@b:/srv"):
        assert space_of(files.machine, Repository("disk", url, "/p")) == {}


def test_where_the_mount_is_away_its_room_is_not_known(files):
    files.machine.path("/srv/disk").mkdir(parents=True)
    away = Repository("disk", "/srv/disk", "/p", mounts=("/srv",))
    assert space_of(files.machine, away) == {}
