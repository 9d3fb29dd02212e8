"""The backup job: sources checked, canary written, backed up, old snapshots forgotten, told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deeprig_host.backup.arguments import (
    Content,
    backup_words,
    leave_out,
    own_sources,
)
from deeprig_host.backup.canary import write_canary
from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.due_jobs import host_name
from deeprig_host.backup.outcome import numbers_of, verdict
from deeprig_host.backup.places import LOCK_FILE
from deeprig_host.backup.recording import begin_anew, finish
from deeprig_host.backup.restic import OnMessage, Restic
from deeprig_host.backup.shrinking import accepted, numbers_before, shrunk
from deeprig_host.backup.sources import Checked, check_mounts, check_sources
from deeprig_host.backup.space import space_of
from deeprig_host.backup.state import capture
from deeprig_host.backup.status import JobStatus, RepositoryStatus
from deeprig_host.backup.summary import write_summary
from deeprig_host.backup.visit import Told, Visit
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.exclusive import Lock
from deeprig_host.machine.refusal import Refused

#: Held by every job with a repository: a backup, a check, a drill.
LOCK = Lock(
    LOCK_FILE,
    "a backup, a check or a drill",
    "wait for it, or look at `ps`: restic runs below it",
    directory_mode=0o700,
)

_WHERE_MEANT = "where that is meant: `deeprig backup now --accept-less`"

#: Captures what the machine is before its data is backed up; returns what could not be told.
Capture = Callable[[Machine], tuple[str, ...]]


def capturing(backup: Backup) -> Capture:
    """Return what captures a machine as it is declared."""
    return lambda machine: capture(machine, backup.conda).reasons


def _now() -> float:
    return time.time()


@dataclass(frozen=True, slots=True)
class Job:
    """The backup job of a machine; ``progress`` takes restic's messages while it runs.

    ``accepts_less``: a person says that a backup which has far less than before is as it should be.
    """

    machine: Machine
    backup: Backup
    restic: Restic
    progress: OnMessage | None = None
    capture: Capture | None = None
    clock: Callable[[], float] = _now
    accepts_less: bool = False

    @property
    def host(self) -> str:
        """Return the host's name in the snapshots."""
        return host_name(self.backup)

    def run(
        self, repositories: tuple[Repository, ...], wait_seconds: float = 0.0
    ) -> dict[str, JobStatus]:
        """Back up to each repository, whatever becomes of the others; return how each ended.

        Raise Refused (busy) where another job still runs after the wait; OSError, after all of
        them, where the end of one cannot be noted.
        """
        with LOCK.held(self.machine, wait_seconds):
            canary = write_canary(self.machine, self.backup.canary, self.host, self.clock())
            details = {"canary_sha256": canary.sha256, "host": self.host}
            lost = self.capture(self.machine) if self.capture else ()
            remarks = [f"the capture of what this machine is, is partial: {one}" for one in lost]
            ended: dict[str, JobStatus] = {}
            faults: list[OSError] = []
            for one in repositories:
                told = Told(remarks=[*remarks], details={**details})
                try:
                    ended[one.name] = self._run_one(one, told)
                except OSError as error:  # of this machine: how it ended cannot be noted
                    faults.append(error)
            write_summary(self.machine, self.backup, self.clock())
        if faults:
            raise OSError("; ".join(map(str, faults)))
        return ended

    def _run_one(self, repository: Repository, told: Told) -> JobStatus:
        before, remarks = begin_anew(self.machine, repository.name, "backup", self.clock())
        told.remarks.extend(remarks)
        checked = check_sources(self.machine, self.backup, before.filled)
        away = check_mounts(self.machine, repository.mounts)
        told.reasons.extend(map(str, (*checked.faults, *away)))
        try:
            if checked.usable and not away:
                self._back_up(Visit(self.restic, repository, told), checked, before)
        except Refused as refused:
            told.reasons.append("; ".join((refused.reason, *refused.evidence, refused.remedy)))
        if not away:  # a mount that does not answer is asked nothing more
            told.details.update(space_of(self.machine, repository))
        return finish(
            self.machine,
            repository.name,
            "backup",
            self.clock(),
            reasons=tuple(told.reasons),
            remarks=tuple(told.remarks),
            details=told.details,
            is_used=told.is_used,
            is_made=told.is_made,
            filled=None if told.reasons else checked.filled,
        )

    def _back_up(self, visit: Visit, checked: Checked, before: RepositoryStatus) -> None:
        """Make a snapshot; where it is good, forget old ones, else mark it."""
        repository, told = visit.repository, visit.told
        words = self._words(repository, checked)
        reached = visit.reach_beside(lambda: self._look(told, checked), words, self.progress)
        if reached.answer.meaning == "no repository" and repository.create and not before.is_used:
            if not visit.make():
                return
            reached = visit.reach(words, self.progress)
        found = verdict(reached.answer, repository, reached.holder)
        told.reasons.extend(found.reasons)
        told.remarks.extend(found.remarks)
        told.reasons.extend(self._lost(checked))
        told.details.update(numbers_of(reached.answer))
        told.is_used = reached.answer.meaning in ("good", "partial", "locked")
        told.is_made = not told.reasons
        if told.is_made:
            self._end(visit, before)
        elif told.details.get("snapshot") and not checked.faults:
            # Not above: most snapshots hold everything.
            from deeprig_host.backup.marking import mark_incomplete

            mark_incomplete(visit)

    def _lost(self, checked: Checked) -> tuple[str, ...]:
        """Return which sources went while restic read them: it saw them empty, or not at all."""
        after = check_sources(self.machine, self.backup, checked.filled)
        new = (fault for fault in after.faults if fault not in checked.faults)
        return tuple(f"while the backup ran: {fault}" for fault in new)

    def _end(self, visit: Visit, before: RepositoryStatus) -> None:
        """Forget old snapshots where this host does, but not in favour of one with far less."""
        told, is_ours = visit.told, visit.repository.prune == "here"
        if self.accepts_less:
            told.details.update(accepted(told.details))
        less = shrunk(told.details, numbers_before(before.jobs["backup"].last) | told.details)
        if less:
            what = "nothing is forgotten" if is_ours else "it has far less than before"
            told.remarks.append(f"{what}: {less}; {_WHERE_MEANT}")
        elif is_ours:
            # Not above: what may only append is pruned elsewhere.
            from deeprig_host.backup.forgetting import forget

            forget(visit, self.host, self.clock())

    def _look(self, told: Told, checked: Checked) -> None:
        """Write the file of what is left out of the sources."""
        found = leave_out(self.machine, self.backup, self._sources(checked), checked.silent)
        told.remarks.extend(found.remarks)

    def _words(self, repository: Repository, checked: Checked) -> tuple[str, ...]:
        """Return what restic is told."""
        own = own_sources(self.machine, self.backup)
        content = Content((*self._sources(checked), *own), not checked.faults, self.host)
        return backup_words(self.machine, repository, content)

    def _sources(self, checked: Checked) -> tuple[Path, ...]:
        return tuple(self.machine.path(source) for source in checked.usable)
