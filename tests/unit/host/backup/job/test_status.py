"""What jobs leave behind, and the summary as the collector of metrics reads it."""

import json

import pytest
from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.recording import begin, finish
from deeprig_host.backup.status import BadStatus, read_status
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


def test_only_root_reads_it_since_its_reasons_name_private_paths(machine):
    done(machine, "disk", reasons=("/home/carl/diary: it cannot be read",))
    path = machine.path("/var/lib/deeprig/backup/disk.json")
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)  # as an earlier deeprig left it
    done(machine, "disk")
    assert path.stat().st_mode & 0o777 == 0o600


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


def test_while_one_runs_it_is_known_how_the_one_before_it_ended(machine):
    failed = done(machine, "disk", reasons=("no",), details={"files": 3})
    assert failed.ended == failed
    for at in (3000.0, 4000.0):  # the second one finds the first cut off
        begin(machine, "disk", "backup", at)
        job = read_status(machine, "disk").jobs["backup"]
        assert (job.outcome, job.last, job.ended) == ("running", failed, failed)
    good = finish(machine, "disk", "backup", 4005.0)
    assert (good.last, good.ended) == (None, good)
    assert read_status(machine, "disk").jobs == {"backup": good}


def test_what_the_good_one_before_held_is_kept_through_failures(machine):
    done(machine, "disk", details={"files": 9, "bytes": 90})
    for files in (5, 4):
        failed = done(machine, "disk", reasons=("no",), details={"files": files})
        assert dict(failed.details) == {"files": files, "files_before": 9, "bytes_before": 90}
    good = done(machine, "disk", details={"files": 5})
    assert dict(good.details) == {"files": 5, "files_before": 9, "bytes_before": 90}
    done(machine, "disk", details={"files": 3})
    assert dict(done(machine, "disk").details) == {"files_before": 3}
    assert dict(done(machine, "disk", "drill", details={"files": 1}).details) == {"files": 1}
    assert dict(done(machine, "disk", "drill").details) == {}


def test_one_that_shrank_is_no_measure_for_the_next(machine):
    done(machine, "disk", details={"files": 100, "bytes": 1000})
    for files in (9, 9, 8):
        shrunken = done(machine, "disk", details={"files": files, "bytes": 1000})
        assert (shrunken.details["files_before"], shrunken.details["bytes_before"]) == (100, 1000)
    failed = done(machine, "disk", reasons=("no",), details={"files": 1})
    assert failed.details["files_before"] == 100
    done(machine, "disk", details={"files": 99, "bytes": 990})
    assert done(machine, "disk", details={"files": 90}).details["files_before"] == 99


def test_one_that_is_accepted_is_a_measure_though_it_shrank(machine):
    done(machine, "disk", details={"files": 100})
    accepted = {"files": 9, "files_before": 9}
    for reasons in ((), ("old ones are not forgotten",)):
        one = done(machine, "disk", reasons=reasons, details=accepted)
        assert one.details["files_before"] == 9
        assert done(machine, "disk", details={"files": 8}).details["files_before"] == 9


def test_before_the_first_one_has_ended_nothing_is_known(machine):
    begin(machine, "disk", "backup", 3000.0)
    assert read_status(machine, "disk").jobs["backup"].ended is None


def test_a_status_from_before_a_last_one_was_kept_is_read(machine):
    written = done(machine, "disk")
    path = machine.path("/var/lib/deeprig/backup/disk.json")
    told = json.loads(path.read_text())
    del told["jobs"]["backup"]["last"]
    path.write_text(json.dumps(told))
    assert read_status(machine, "disk").jobs == {"backup": written}


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


def test_a_success_in_the_future_is_of_no_known_age(machine):
    done(machine, "disk", at=2000.0 + 301)
    assert summary(machine, DISK)["ok"] is False
    assert summary(machine, DISK, now=2001.0)["ok"] is True


@pytest.mark.parametrize(("job", "hours"), [("check", 2 * 168), ("drill", 2 * 720)])
def test_a_proof_that_was_missed_twice_is_not_good_any_more(machine, job, hours):
    done(machine, "disk", job)
    last = 1000.0 + hours * HOUR
    done(machine, "disk", at=last)
    assert summary(machine, DISK, now=last)["ok"] is True
    assert summary(machine, DISK, now=last + 1)["failed"] == 1
    never = Repository("disk", "/b", "/p", check_period_hours=0, drill_period_hours=0)
    assert summary(machine, never, now=last + 1)["ok"] is True


def test_what_failed_stays_failed_while_it_is_tried_again(machine):
    done(machine, "disk")
    done(machine, "disk", at=1500.0, reasons=("no",))
    begin(machine, "disk", "backup", 1990.0)
    assert summary(machine, DISK)["ok"] is False


def test_a_snapshot_that_was_made_counts_though_forgetting_failed(machine):
    done(machine, "disk")
    ended = done(machine, "disk", at=1500.0, reasons=("not forgotten",), is_made=True)
    assert (ended.outcome, ended.success_time) == ("failed", 1500)
    assert summary(machine, DISK)["ok"] is False
