"""What facts asked a host in a run, and what it answered, for the recheck of the next one."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from deeprig.recheck.far_end import told
from deeprig.recheck.record import digest
from deeprig.transport.frames import Answer, Question
from deeprig.transport.gathering import AskTogether
from deeprig.transport.prints import PRINT_SHELL, is_settled, places_of


@dataclass(slots=True)
class Noted:
    """Digests of a host's answers in a run that changes nothing there.

    ``spoiled`` is why they do not say what the run depended on; "" where they do.
    """

    key: bytes
    answers: dict[Question, str] = field(default_factory=dict)
    spoiled: str = ""
    began: float = field(default_factory=time.monotonic)

    def note(self, question: Question, answer: Answer) -> None:
        """Note an answer that somebody uses; a host that answers in two ways is not noted."""
        made = self.digest_of(question, answer)
        if self.answers.setdefault(question, made) != made:
            self.spoil(f"two answers to one question: {question.text[:200]}")

    def digest_of(self, question: Question, answer: Answer) -> str:
        """Return the digest of what counts of an answer."""
        parts = (b"%d" % answer.code, answer.output, answer.errors)
        return digest(self.key, *told(question.shell.encode(), *parts))

    def with_prints(self, ask: AskTogether) -> dict[Question, str]:
        """Return the digests, of prints where they say as much and cost less to make again.

        ``ask`` asks the host: only a print in which nothing is younger than the first of the
        questions is one of the time of the answers.
        """
        places = {question: places_of(question.text) for question in self.answers}
        prints = {
            question: Question(PRINT_SHELL, place, question.sudo)
            for question, place in places.items()
            if place and question.shell == "sh"
        }
        asked = tuple(dict.fromkeys(prints.values()))
        answers = dict(zip(asked, ask(asked), strict=True)) if asked else {}
        found: dict[Question, str] = {}
        for question, made in self.answers.items():
            other = prints.get(question)
            answer = answers.get(other) if other is not None else None
            elapsed = time.monotonic() - self.began
            if other is not None and answer and is_settled(answer.output, elapsed):
                found[other] = self.digest_of(other, answer)
            else:
                found[question] = made
        return found

    def spoil(self, reason: str) -> None:
        """Say that something was changed, or read in a way that nothing is known of."""
        self.spoiled = self.spoiled or reason
