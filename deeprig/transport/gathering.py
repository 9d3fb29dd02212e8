"""Questions of many who ask at once, put to the host together as soon as all of them wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gevent.event import AsyncResult
from gevent.local import local

from deeprig.transport.frames import Answer, Question

AskTogether = Callable[[tuple[Question, ...]], tuple[Answer | None, ...]]

_here = local()


class NotAhead(Exception):
    """What runs here can only be run in its turn: it would change something, or it failed."""


@dataclass(slots=True)
class Gathering:
    """Collects the questions of greenlets that work side by side.

    A frame goes when the last of those still at work waits: so the number of round trips is that
    of the longest chain of questions, however many chains there are.
    """

    ask_together: AskTogether
    at_work: int
    _waiting: dict[Question, AsyncResult[Answer | None]] = field(default_factory=dict)
    _waiting_count: int = 0

    def ask(self, question: Question) -> Answer:
        """Wait for the answer. Raise NotAhead where there is none."""
        result = self._waiting.setdefault(question, AsyncResult())
        self._waiting_count += 1
        self._go_if_all_wait()
        answer = result.get()
        if answer is None:
            raise NotAhead("no answer")
        return answer

    def join(self) -> None:
        """Have what this greenlet asks be asked together with the others."""
        _here.gathering = self

    def leave(self) -> None:
        """One of those at work has come to its end."""
        _here.gathering = None
        self.at_work -= 1
        self._go_if_all_wait()

    def _go_if_all_wait(self) -> None:
        if self._waiting and self._waiting_count == self.at_work:
            waiting, self._waiting, self._waiting_count = self._waiting, {}, 0
            answers: tuple[Answer | None, ...] = (None,) * len(waiting)
            try:
                answers = self.ask_together(tuple(waiting))
            finally:
                for result, answer in zip(waiting.values(), answers, strict=True):
                    result.set(answer)


def gathering_here() -> Gathering | None:
    """Return what this greenlet has joined: then nothing in it may change a host."""
    return getattr(_here, "gathering", None)
