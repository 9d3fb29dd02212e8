"""What jobs leave behind, and the summary as the collector of metrics reads it."""

import json

import pytest
from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.status import BadStatus, begin, finish, read_status
from deeprig_host.backup.summary import write_summary
from deeprig_host.metrics import names, statuses
from deeprig_host.metrics.samples import Samples

HOUR = 3600
DISK, CLOUD = Repository("disk", "/b", "/p"), Repository("cloud", "rest:https://h/", "/p")


def done(machine, name, job="backup", at=1000.0, **result):
    begin(machine, name, job, at)
    return finish(machine, name, job, at + 5, **result)


def summary(machine, *repositories, now=2000.0):
    return write_summary(machine, Backup(("/home",), repositories), now)


def test_what_was_written_is_read_again(machine):
    written = done(machine, "disk", details={"files": 3}, is_used=True, filled=("/home",))
    found = read_status(machine, "disk")
    assert found.jobs == {"backup": written}
    assert (found.is_used, found.filled) == (True, ("/home",))
    assert (written.outcome, written.success_time, written.ended_time) == ("good", 1000, 1005)


def test_a_failure_keeps_what_was_good_before(machine):
    done(machine, "disk", is_used=True, filled=("/home",))
    failed = done(machine, "disk", at=3000.0, reasons=("no",))
    assert (failed.outcome, failed.success_time, failed.started_time) == ("failed", 1000, 3000)
    found = read_status(machine, "disk")
    assert (found.is_used, found.filled) == (True, ("/home",))


def test_a_run_that_was_cut_off_stays_as_running(machine):
    done(machine, "disk")
    begin(machine, "disk", "backup", 3000.0)
    job = read_status(machine, "disk").jobs["backup"]
    assert (job.outcome, job.started_time, job.success_time) == ("running", 3000, 1000)


def test_jobs_do_not_overwrite_each_other(machine):
    done(machine, "disk")
    done(machine, "disk", "drill", at=5000.0, reasons=("differs",))
    jobs = read_status(machine, "disk").jobs
    assert (jobs["backup"].outcome, jobs["drill"].outcome) == ("good", "failed")


def test_no_status_is_none_and_a_broken_one_is_told(machine):
    assert read_status(machine, "disk").jobs == {}
    path = machine.path("/var/lib/deeprig/backup/disk.json")
    done(machine, "disk")
    for text in ("", "[]", "{}", '{"schema": "x"}', path.read_text().replace("good", "fine")):
        path.write_text(text)
        with pytest.raises(BadStatus, match=r"disk\.json"):
            read_status(machine, "disk")


def test_reasons_are_bounded(machine):
    job = done(machine, "disk", reasons=("x" * 9000,) * 900)
    assert (len(job.reasons), len(job.reasons[0])) == (20, 500)


def test_the_summary_is_as_old_as_the_oldest(machine):
    done(machine, "disk", at=1000.0)
    done(machine, "cloud", at=1500.0)
    told = summary(machine, DISK, CLOUD)
    assert (told["ok"], told["time"], told["failed"]) == (True, 1000.0, 0)


def test_a_repository_that_never_had_a_backup_is_not_well(machine):
    done(machine, "disk")
    told = summary(machine, DISK, CLOUD)
    assert (told["ok"], told["time"], told["failed"]) == (False, None, 1)


def test_every_failed_job_counts(machine):
    done(machine, "disk", reasons=("no",))
    done(machine, "disk", "drill", reasons=("differs",))
    done(machine, "disk", "check")
    assert summary(machine, DISK)["failed"] == 2


def test_a_backup_that_is_too_old_is_not_well(machine):
    done(machine, "disk", at=1000.0)
    assert summary(machine, DISK, now=1000.0 + 48 * HOUR)["ok"] is True
    assert summary(machine, DISK, now=1001.0 + 48 * HOUR)["ok"] is False


def test_a_status_that_cannot_be_read_is_not_well(machine):
    machine.path("/var/lib/deeprig/backup").mkdir(parents=True)
    machine.path("/var/lib/deeprig/backup/disk.json").write_text("{")
    assert summary(machine, DISK)["ok"] is False


def test_the_collector_of_metrics_reads_the_summary(machine):
    done(machine, "disk", reasons=("no",))
    summary(machine, DISK)
    samples = Samples()
    statuses.read(machine, samples)
    told = json.loads(machine.path("/var/lib/deeprig/status/backup.json").read_text())
    assert told["what"] in names.STATUS_KINDS
    assert machine.path("/var/lib/deeprig/status/backup.json").stat().st_mode & 0o777 == 0o644
