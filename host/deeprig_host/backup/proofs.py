"""Checks and drills as jobs: one at a time, with a status that says how each ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from deeprig_host.backup.check import check
from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.drill import Plan, drill
from deeprig_host.backup.job import LOCK
from deeprig_host.backup.recording import begin_anew, finish
from deeprig_host.backup.restic import Restic
from deeprig_host.backup.status import Job, JobStatus
from deeprig_host.backup.summary import write_summary
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

Repositories = tuple[Repository, ...]


@dataclass(frozen=True, slots=True)
class Proofs:
    """What proves the backups of a machine."""

    machine: Machine
    backup: Backup
    restic: Restic
    clock: Callable[[], float] = time.time

    def check(self, repositories: Repositories, wait_seconds: float = 0.0) -> dict[str, JobStatus]:
        """Check each repository, whatever becomes of the others; return how each ended.

        Raise Refused (busy) where another job still runs after the wait.
        """
        with LOCK.held(self.machine, wait_seconds):
            ended = {one.name: self._check(one) for one in repositories}
            write_summary(self.machine, self.backup, self.clock())
        return ended

    def drill(
        self, repositories: Repositories, plan: Plan, wait_seconds: float = 0.0
    ) -> dict[str, JobStatus]:
        """Drill each repository, as ``check`` does."""
        with LOCK.held(self.machine, wait_seconds):
            ended = {one.name: self._drill(one, plan) for one in repositories}
            write_summary(self.machine, self.backup, self.clock())
        return ended

    def _check(self, repository: Repository) -> JobStatus:
        remarks = self._begin(repository, "check")
        try:
            done = check(self.machine, self.restic, repository, self.clock())
        except Refused as refusal:
            return self._refused(repository, "check", refusal)
        return finish(
            self.machine,
            repository.name,
            "check",
            self.clock(),
            reasons=done.reasons,
            remarks=(*remarks, *done.remarks),
            details=asdict(done),
        )

    def _drill(self, repository: Repository, plan: Plan) -> JobStatus:
        remarks = self._begin(repository, "drill")
        done = drill(self.machine, self.restic, self.backup, repository, plan)
        return finish(
            self.machine,
            repository.name,
            "drill",
            self.clock(),
            reasons=done.reasons,
            remarks=remarks,
            details=asdict(done),
        )

    def _refused(self, repository: Repository, job: Job, refusal: Refused) -> JobStatus:
        told = "; ".join(part for part in (refusal.reason, *refusal.evidence, refusal.remedy))
        details = {"outcome": "unproven"}
        now = self.clock()
        return finish(self.machine, repository.name, job, now, reasons=(told,), details=details)

    def _begin(self, repository: Repository, job: Job) -> tuple[str, ...]:
        return begin_anew(self.machine, repository.name, job, self.clock())[1]
