"""How a drill ended, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from deeprig_host.backup.answer import Answer
from deeprig_host.backup.comparing import Compared
from deeprig_host.backup.declared import Repository
from deeprig_host.backup.sample import Sample
from deeprig_host.backup.snapshots import Snapshot
from deeprig_host.machine.refusal import Refused

#: failed: something does not restore. unproven: nothing can be said.
Outcome = Literal["good", "failed", "unproven"]
#: What restic could not even begin with, or was not let finish: no word about the data.
_UNPROVEN = ("locked", "wrong password", "no repository", "no restic", "too long")
_NO_ROOM = "no space left on device"
_REMEDIES: dict[Outcome, str] = {
    "good": "",
    "failed": "run `backup check`; keep this repository, and make a new backup into another one",
    "unproven": "remove what stopped the drill, and run it again",
}


@dataclass(frozen=True, slots=True)
class Drilled:
    """How a drill ended.

    Of the restored files ``live`` were compared with unchanged files of this machine, ``recorded``
    with restic's digests of the time of the backup. ``wrong`` has a line for each that is wrong.
    """

    repository: str
    outcome: Outcome
    seed: str
    snapshot: str = ""
    snapshot_time: float = 0.0
    files: int = 0
    size_bytes: int = 0
    live: int = 0
    recorded: int = 0
    candidates: int = 0
    too_large: int = 0
    unnameable: int = 0
    wrong: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    remedy: str = ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return why the drill is not good; none where it is."""
        if self.outcome == "good":
            return ()
        return tuple(filter(None, (self.outcome, *self.wrong, *self.evidence, self.remedy)))


def unproven(repository: Repository, seed: str, refusal: Refused) -> Drilled:
    """Return that a drill could not be carried out."""
    return Drilled(
        repository.name,
        "unproven",
        seed,
        wrong=(refusal.reason,),
        evidence=refusal.evidence,
        remedy=refusal.remedy,
    )


def drilled(
    repository: Repository,
    seed: str,
    snapshot: Snapshot,
    sample: Sample,
    compared: tuple[Compared, ...],
    answer: Answer,
) -> Drilled:
    """Return how a drill ended, by what was compared and by restic's own word."""
    wrong = tuple(f"{one.path}: {one.wrong}" for one in compared if one.wrong)
    outcome = _outcome(answer, is_wrong=bool(wrong))
    right = [one.proof for one in compared if not one.wrong]
    return Drilled(
        repository.name,
        outcome,
        seed,
        snapshot.short_id,
        snapshot.time_ns / 1e9,
        files=len(sample.files),
        size_bytes=sum(node.size_bytes for node in sample.files),
        live=right.count("live"),
        # Without restic's word that all is as it recorded, nothing was compared with that.
        recorded=right.count("recorded") if answer.is_good else 0,
        candidates=sample.candidates,
        too_large=sample.too_large,
        unnameable=sample.unnameable,
        wrong=wrong,
        evidence=() if answer.is_good else (answer.reason(),),
        remedy=_REMEDIES[outcome],
    )


def _outcome(answer: Answer, *, is_wrong: bool) -> Outcome:
    if answer.is_good:
        return "failed" if is_wrong else "good"
    is_full = _NO_ROOM in "\n".join(answer.errors)
    return "unproven" if is_full or answer.meaning in _UNPROVEN else "failed"
