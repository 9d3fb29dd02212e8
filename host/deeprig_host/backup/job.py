"""The backup job: sources checked, canary written, backed up, old snapshots forgotten, told."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from deeprig_host.backup.answer import Answer
from deeprig_host.backup.arguments import (
    Content,
    backup_words,
    forget_words,
    leave_out,
    own_sources,
)
from deeprig_host.backup.canary import write_canary
from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.outcome import backup_reasons, failure, numbers_of
from deeprig_host.backup.places import LOCK_FILE
from deeprig_host.backup.restic import OnMessage, Restic
from deeprig_host.backup.sources import Checked, check_mounts, check_sources
from deeprig_host.backup.status import (
    BadStatus,
    JobStatus,
    RepositoryStatus,
    begin,
    finish,
    write_status,
)
from deeprig_host.backup.summary import write_summary
from deeprig_host.backup.waiting import Reached, when_free
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
_HOUR_SECONDS = 3600.0
_INIT_SECONDS = 300.0

#: Captures what the machine is before its data is backed up; returns what could not be told.
Capture = Callable[[Machine], tuple[str, ...]]


@dataclass(slots=True)
class Told:
    """What a run has to tell of a repository at its end."""

    reasons: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    is_used: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """The backup job of a machine; ``progress`` takes restic's messages while it runs."""

    machine: Machine
    backup: Backup
    restic: Restic
    progress: OnMessage | None = None
    capture: Capture | None = None
    clock: Callable[[], float] = time.time

    @property
    def host(self) -> str:
        """Return the host's name in the snapshots."""
        return self.backup.tag or socket.gethostname()

    def run(
        self, repositories: tuple[Repository, ...], wait_seconds: float = 0.0
    ) -> dict[str, JobStatus]:
        """Back up to each repository, whatever becomes of the others; return how each ended.

        Raise Refused (busy) where another job still runs after the wait.
        """
        with LOCK.held(self.machine, wait_seconds):
            canary = write_canary(self.machine, self.backup.canary, self.host, self.clock())
            details = {"canary_sha256": canary.sha256, "host": self.host}
            lost = self.capture(self.machine) if self.capture else ()
            remarks = [f"the capture of what this machine is, is partial: {one}" for one in lost]
            ended = {
                one.name: self._run_one(one, Told(remarks=[*remarks], details={**details}))
                for one in repositories
            }
            write_summary(self.machine, self.backup, self.clock())
        return ended

    def _run_one(self, repository: Repository, told: Told) -> JobStatus:
        before = self._begin(repository, told)
        checked = check_sources(self.machine, self.backup, before.filled)
        away = check_mounts(self.machine, repository.mounts)
        told.reasons.extend(map(str, (*checked.faults, *away)))
        try:
            if checked.usable and not away:
                self._back_up(repository, checked, before, told)
        except Refused as refused:
            told.reasons.append("; ".join((refused.reason, *refused.evidence, refused.remedy)))
        return finish(
            self.machine,
            repository.name,
            "backup",
            self.clock(),
            reasons=tuple(told.reasons),
            remarks=tuple(told.remarks),
            details=told.details,
            is_used=told.is_used,
            filled=None if told.reasons else checked.filled,
        )

    def _begin(self, repository: Repository, told: Told) -> RepositoryStatus:
        try:
            return begin(self.machine, repository.name, "backup", self.clock())
        except BadStatus as bad:
            # Nothing is known: then the repository counts as used, and is never made anew.
            told.remarks.append(f"{bad}; written anew")
            write_status(self.machine, repository.name, RepositoryStatus(is_used=True))
            return begin(self.machine, repository.name, "backup", self.clock())

    def _back_up(
        self, repository: Repository, checked: Checked, before: RepositoryStatus, told: Told
    ) -> None:
        """Make a snapshot; where it is good, forget old ones."""
        sources = tuple(self.machine.path(source) for source in checked.usable)
        left_out = leave_out(self.machine, self.backup, sources)
        told.remarks.extend(left_out.remarks)
        own = own_sources(self.machine, self.backup)
        content = Content((*sources, *own), not checked.faults, self.host)
        words = backup_words(self.machine, repository, content)
        reached = self._reach(repository, words, told, self.progress)
        if reached.answer.meaning == "no repository" and repository.create and not before.is_used:
            if not self._make(repository, told):
                return
            reached = self._reach(repository, words, told, self.progress)
        told.reasons.extend(backup_reasons(reached.answer, repository, reached.holder))
        told.details.update(numbers_of(reached.answer))
        told.is_used = reached.answer.meaning in ("good", "partial", "locked")
        if repository.prune == "here" and not told.reasons:
            self._forget(repository, told)

    def _make(self, repository: Repository, told: Told) -> bool:
        """Initialise a repository that is declared new; say whether it is there now."""
        made = self.restic.run(("init",), repository, seconds=_INIT_SECONDS)
        if made.is_good:
            told.remarks.append("the repository was declared new: made now")
        else:
            told.reasons.append(failure(f"making {repository.name}", made))
        return made.is_good

    def _forget(self, repository: Repository, told: Told) -> None:
        began = time.monotonic()
        reached = self._reach(repository, forget_words(repository, self.host), told)
        told.details["forget_seconds"] = round(time.monotonic() - began, 3)
        if not reached.answer.is_good:
            what = f"the backup is made, but forgetting old ones of {repository.name} is not"
            told.reasons.append(failure(what, reached.answer, reached.holder))

    def _reach(
        self,
        repository: Repository,
        words: tuple[str, ...],
        told: Told,
        progress: OnMessage | None = None,
    ) -> Reached:
        def attempt() -> Answer:
            seconds = repository.longest_hours * _HOUR_SECONDS
            return self.restic.run(words, repository, seconds=seconds, on_message=progress)

        reached = when_free(self.restic, repository, attempt)
        told.remarks.extend(reached.remarks)
        return reached
