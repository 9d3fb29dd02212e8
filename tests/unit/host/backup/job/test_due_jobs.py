"""Which jobs are due, by the status files: proofs come after a backup, damage waits for people."""

import pytest
from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.due_jobs import PROOFS, backup_due, proof_job_due
from deeprig_host.backup.recording import begin, finish

DAY, HOUR = 86_400.0, 3600.0
NOW = 20_000 * DAY
DISK = Repository("disk", "/b", "/p", jitter_minutes=0)
BACKUP = Backup(("/home",), (DISK,), tag="ws1")


@pytest.fixture
def done(machine):
    def note(job, when, *reasons, **details):
        begin(machine, "disk", job, when)
        finish(machine, "disk", job, when + 1, reasons=reasons, details=details)

    return note


@pytest.fixture
def is_due(machine):
    def ask(name, now=NOW, repository=DISK):
        if name == "backup":
            return backup_due(machine, BACKUP, repository, now).is_due
        return proof_job_due(machine, BACKUP, repository, name, now).is_due

    return ask


def test_first_a_backup_then_what_proves_it(is_due, done):
    assert [is_due(name) for name in ("backup", *PROOFS)] == [True, False, False]
    done("backup", NOW - HOUR, "full")
    assert [is_due(name) for name in PROOFS] == [False, False]
    done("backup", NOW - 10)
    assert [is_due(name) for name in ("backup", *PROOFS)] == [False, True, True]
    for name in PROOFS:
        done(name, NOW - 5)
    assert [is_due(name) for name in ("backup", *PROOFS)] == [False, False, False]
    later = NOW + 31 * DAY
    assert [is_due(name, later) for name in ("backup", *PROOFS)] == [True, True, True]


def test_a_proof_that_is_declared_never_is_never_due(is_due, done):
    done("backup", NOW - 10)
    never = Repository("disk", "/b", "/p", check_period_hours=0, drill_period_hours=0)
    assert not any(is_due(name, NOW + 90 * DAY, never) for name in PROOFS)


def test_what_could_not_be_proven_is_tried_again_soon_and_damage_a_day_later(machine, is_due, done):
    done("backup", NOW - 10)
    done("check", NOW, "unproven", outcome="unproven")
    done("drill", NOW, "failed", outcome="failed")
    soon = NOW + 61 * 60
    assert (is_due("check", soon), is_due("drill", soon)) == (True, False)
    begin(machine, "disk", "drill", NOW + HOUR)  # and is cut off
    assert not is_due("drill", NOW + 3 * HOUR)
    assert is_due("drill", NOW + 25 * HOUR + 1)


def test_a_status_that_cannot_be_read_has_a_backup_made_and_nothing_proven(machine, is_due):
    path = machine.path("/var/lib/deeprig/backup/disk.json")
    path.parent.mkdir(parents=True)
    path.write_text("{")
    assert [is_due(name) for name in ("backup", *PROOFS)] == [True, False, False]
