"""What the backup's jobs left on the host: how each repository's last backup, check, drill were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deeprig_host.backup.check_progress import read_progress
from deeprig_host.backup.config import read_configuration
from deeprig_host.backup.declared import Repository
from deeprig_host.backup.places import CONFIG_FILE
from deeprig_host.backup.status import JOBS, BadStatus, Job, JobStatus, read_status
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.ini import BadConfiguration
from deeprig_host.metrics import backup_names as names
from deeprig_host.metrics.backup_times import Times, maximum_age_seconds, times
from deeprig_host.metrics.json_files import number
from deeprig_host.metrics.metric import Metric
from deeprig_host.metrics.part import PartFailed
from deeprig_host.metrics.samples import Samples

#: Of the details of a job: our metric, the job's name for it.
_NUMBERS: Mapping[Job, tuple[tuple[Metric, str], ...]] = {
    "backup": (
        (names.FILES, "files"),
        (names.BYTES, "bytes"),
        (names.ADDED, "added_bytes"),
        (names.SPACE_FREE, "space_free_bytes"),
        (names.SPACE, "space_bytes"),
    ),
    "check": ((names.REPOSITORY_SIZE, "repository_bytes"),),
    "drill": ((names.DRILLED_FILES, "files"), (names.DRILLED_BYTES, "size_bytes")),
}


def read(machine: Machine, samples: Samples) -> None:
    """Add what is known of each declared repository; a host without backups has none.

    Raise PartFailed where something cannot be read; what can be is added before.
    """
    if not machine.path(CONFIG_FILE).exists():
        return
    try:
        backup = read_configuration(machine)
    except BadConfiguration as bad:
        samples.add(names.CONFIG_OK, 0)
        raise PartFailed(f"{bad.problems[0].place}: {bad.problems[0].reason}") from bad
    samples.add(names.CONFIG_OK, 1)
    known = times(machine)
    samples.add(names.SCHEDULE, known.schedule)
    wrong = list(known.problems)
    for repository in backup.repositories:
        reader = _Repository(machine, samples, repository, known)
        try:
            reader.read()
        except PartFailed as failed:
            wrong.append(f"{repository.name}: {failed}")
    if wrong:
        raise PartFailed("; ".join(wrong))


@dataclass(frozen=True, slots=True)
class _Repository:
    """Adds what is known of one repository."""

    machine: Machine
    samples: Samples
    repository: Repository
    times: Times

    def read(self) -> None:
        """Add it all. What is spoilt is unknown: its deadline is that of one never done."""
        jobs: Mapping[str, JobStatus] = {}
        try:
            jobs = read_status(self.machine, self.repository.name).jobs
        except BadStatus as bad:
            raise PartFailed(str(bad)) from bad
        finally:
            for what in JOBS:
                self._add_times(what, jobs.get(what))
        self._add_reading()
        for what in JOBS:
            job = jobs.get(what)
            if job is not None:
                self._add_job(what, job)

    def _add_times(self, what: Job, job: JobStatus | None) -> None:
        allowed = maximum_age_seconds(self.repository, what)
        success = self.times.past(job.success_time) if job else None
        self.samples.add(names.SUCCESS, success, self.repository.name, what)
        self.samples.add(names.MAXIMUM_AGE, allowed, self.repository.name, what)
        since = self.times.declared if success is None else success
        if allowed is not None and since is not None:
            self.samples.add(names.DEADLINE, since + allowed, self.repository.name, what)

    def _add_job(self, what: Job, job: JobStatus) -> None:
        labels = (self.repository.name, what)
        self.samples.add(names.STARTED, job.started_time, *labels)
        self.samples.add(names.RUNNING, job.outcome == "running", *labels)
        ended = job.ended
        if ended is None:
            return
        self.samples.add(names.OK, ended.outcome == "good", *labels)
        if ended.ended_time is not None:
            took = ended.ended_time - ended.started_time
            # A clock that was set in between measures nothing.
            self.samples.add(names.DURATION, took if took >= 0 else None, *labels)
        self._add_numbers(what, ended.details)
        if what == "backup":
            self.samples.add(names.REMAINING, _remaining(dict(ended.details)), labels[0])

    def _add_numbers(self, what: Job, details: Mapping[str, Any]) -> None:
        told = dict(details)
        for metric, key in _NUMBERS[what]:
            self.samples.add(metric, number(told, key), self.repository.name)

    def _add_reading(self) -> None:
        """Add how much of the data checks have read; not known where packs are drawn by chance."""
        progress = read_progress(self.machine, self.repository)
        if progress is None or not progress.read_at:
            return
        share = sum(1 for at in progress.read_at if at) / progress.groups
        self.samples.add(names.READ_SHARE, share, self.repository.name)
        self.samples.add(names.READ_SINCE, progress.all_read_since, self.repository.name)


def _remaining(details: dict[str, Any]) -> float | None:
    """Return what a backup has of the good one before it, None where either is not known."""
    shares = []
    for key in ("files", "bytes"):
        now, before = number(details, key), number(details, f"{key}_before")
        if now is not None and before:
            shares.append(min(1.0, now / before))
    return min(shares, default=None)
