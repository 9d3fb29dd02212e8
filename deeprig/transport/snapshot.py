"""What a host has just answered, kept until something may have changed it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from deeprig.transport.frames import Answer, Question

#: Others change a host too: an answer that is older is asked anew.
FRESH_SECONDS = 30.0


@dataclass(slots=True)
class Snapshot:
    """Answers to questions, all asked since the host was last changed by us.

    Only while it is ``open`` does it keep or give any. ``drops`` counts what may have changed it.
    """

    is_open: bool = False
    drops: int = 0
    used: int = 0
    _answers: dict[Question, tuple[float, Answer]] = field(default_factory=dict)

    def open(self) -> None:
        """Begin to keep answers; there are none yet."""
        self._answers.clear()
        self.is_open = True

    def close(self) -> None:
        """Forget everything and keep nothing."""
        self._answers.clear()
        self.is_open = False

    def drop(self) -> None:
        """Forget everything, because the host may have changed; what comes is live."""
        self.drops += 1
        self.close()

    def keep(self, question: Question, answer: Answer, *, asked: float) -> None:
        """Keep an answer to what was asked then, by the monotonic clock: it is as old as that."""
        if self.is_open:
            self._answers[question] = (asked, answer)

    def lacks(self, question: Question) -> bool:
        """Say whether no answer to a question is kept."""
        return question not in self._answers

    def find(self, question: Question) -> Answer | None:
        """Return a kept answer, or None where it must be asked."""
        at, answer = self._answers.get(question, (0.0, None))
        if answer is None or time.monotonic() - at > FRESH_SECONDS:
            return None
        self.used += 1
        return answer
