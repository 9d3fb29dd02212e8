"""One repository during one run of the job: what is asked of it, and what there is to tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from deeprig_host.backup.answer import Answer
from deeprig_host.backup.declared import Repository
from deeprig_host.backup.gate import Gate
from deeprig_host.backup.outcome import failure
from deeprig_host.backup.restic import OnMessage, Restic
from deeprig_host.backup.waiting import Reached, when_free

_HOUR_SECONDS = 3600.0
_INIT_SECONDS = 300.0


@dataclass(slots=True)
class Told:
    """What a run has to tell of a repository at its end.

    ``is_used``: the repository answered. ``is_made``: there is a whole new snapshot, whatever
    becomes of the old ones.
    """

    reasons: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    is_used: bool = False
    is_made: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """A repository that a job works with; what is to be told of it is gathered in ``told``."""

    restic: Restic
    repository: Repository
    told: Told

    def reach(self, words: tuple[str, ...], progress: OnMessage | None = None) -> Reached:
        """Run restic when the repository is free, for at most the declared hours."""
        return self._reach(lambda: self._run(words, progress))

    def reach_beside(
        self, work: Callable[[], object], words: tuple[str, ...], progress: OnMessage | None = None
    ) -> Reached:
        """Run a backup as ``reach`` does; the exclude file is written by ``work`` beside it.

        Raise what the work raises: restic makes no snapshot then.
        """
        works = iter((work,))  # done once; a later attempt finds the file

        def attempt() -> Answer:
            waiting = next(works, None)
            return (
                self._run(words, progress)
                if waiting is None
                else self._held(waiting, words, progress)
            )

        return self._reach(attempt)

    def _held(
        self, work: Callable[[], object], words: tuple[str, ...], progress: OnMessage | None
    ) -> Answer:
        first = words.index("--exclude-file")
        with Gate(work) as gate:
            return self._run((*words[:first], *gate.words, *words[first:]), progress, gate)

    def _run(
        self, words: tuple[str, ...], progress: OnMessage | None, gate: Gate | None = None
    ) -> Answer:
        seconds = self.repository.longest_hours * _HOUR_SECONDS
        return self.restic.run(
            words, self.repository, seconds=seconds, on_message=progress, gate=gate
        )

    def _reach(self, attempt: Callable[[], Answer]) -> Reached:
        reached = when_free(self.restic, self.repository, attempt)
        self.told.remarks.extend(reached.remarks)
        return reached

    def make(self) -> bool:
        """Initialise a repository that is declared new; say whether it is there now."""
        made = self.restic.run(("init",), self.repository, seconds=_INIT_SECONDS)
        if made.is_good:
            self.told.remarks.append("the repository was declared new: made now")
        else:
            self.told.reasons.append(failure(f"making {self.repository.name}", made))
        return made.is_good
