"""Check a repository, and read a part of its data each time (``check_progress``)."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Literal

from deeprig_host.backup.answer import Answer
from deeprig_host.backup.check_progress import read_progress, write_progress
from deeprig_host.backup.declared import Repository
from deeprig_host.backup.outcome import failure
from deeprig_host.backup.reading import ask
from deeprig_host.backup.restic import Restic
from deeprig_host.machine.commands import Machine

#: failed: the repository is damaged. unproven: the check could not be made.
Outcome = Literal["good", "failed", "unproven"]
_LONGEST_SECONDS = 2 * 86_400.0
#: What restic says at the end of a check that has found damage (the second: 0.14, of an index);
#: without it the check has not ended.
_DAMAGED = ("repository contains errors", "LoadIndex returned errors")
#: How restic's lines that name the damage begin; others are retries and advice.
_NAMES_DAMAGE = re.compile(r"\s*(error|pack |Pack |id [0-9a-f]|Fatal: )")
_SHOWN_LINES = 4
_REMEDY = (
    "change nothing in it, and begin a new repository beside it; then `restic rebuild-index` (from"
    " 0.17 `restic repair index`) mends an index, and what a pack has lost is lost"
)


@dataclass(frozen=True, slots=True)
class Checked:
    """How a check ended; ``evidence`` is restic's own words.

    ``repository_bytes`` is what all snapshots together take, None where it is not known.
    """

    repository: str
    outcome: Outcome
    subset: str
    seconds: float
    all_read_since: float | None
    evidence: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    repository_bytes: int | None = None

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return why the check is not good; none where it is."""
        return () if self.outcome == "good" else (self.outcome, *self.evidence)


def check(machine: Machine, restic: Restic, repository: Repository, now: float) -> Checked:
    """Check a repository and read the next part of its data; remember the part when it is good."""
    progress = read_progress(machine, repository)
    group = progress.next_group if progress else 0
    subset = f"{group}/{progress.groups}" if progress else repository.check_subset
    began = time.monotonic()
    words = ("check", f"--read-data-subset={subset}")
    reached = ask(restic, repository, *words, seconds=_LONGEST_SECONDS)
    answer = reached.answer
    if answer.is_good and progress is not None:
        progress = progress.with_good(group, now)
        write_progress(machine, repository, progress)
    seconds = round(time.monotonic() - began, 1)
    evidence = () if answer.is_good else (_why(answer, reached.holder),)
    return Checked(
        repository.name,
        _outcome(answer),
        subset,
        seconds,
        progress.all_read_since if progress else None,
        evidence,
        reached.remarks,
        _repository_bytes(restic, repository) if answer.is_good else None,
    )


def _repository_bytes(restic: Restic, repository: Repository) -> int | None:
    """Return what the data of all snapshots takes. It is told, and proves nothing: None is fine."""
    answer = ask(restic, repository, "stats", "--mode", "raw-data", "--json").answer
    try:
        return int(answer.document()["total_size"]) if answer.is_good else None
    except (ValueError, KeyError, TypeError):
        return None


def _why(answer: Answer, holder: str) -> str:
    """Return what is wrong: what restic says of the damage, or what stopped the check."""
    if _outcome(answer) != "failed":
        return failure("the check", answer, holder)
    said = [line.strip() for line in (*answer.lines, *answer.errors) if _NAMES_DAMAGE.match(line)]
    return f"the repository is damaged: {'; '.join(said[:_SHOWN_LINES])}; {_REMEDY}"


def _outcome(answer: Answer) -> Outcome:
    if answer.is_good:
        return "good"
    said = "\n".join((*answer.lines, *answer.errors))
    return "failed" if any(words in said for words in _DAMAGED) else "unproven"
