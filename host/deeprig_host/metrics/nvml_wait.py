"""Wait for the process that asks NVML, never longer than it can be waited for."""

from __future__ import annotations

from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from deeprig_host.metrics.nvml_child import Asking, fork
from deeprig_host.metrics.nvml_messages import (
    Begun,
    CardId,
    CardRead,
    Ended,
    Listed,
    Message,
    Mistake,
    NoLibrary,
)
from deeprig_host.metrics.samples import Samples
from deeprig_host.metrics.stuck import has_ended, kill


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds of silence after which a driver counts as hanging.

    Opening takes long where no persistence daemon keeps the cards awake: seconds for each.
    """

    open_seconds: float = 45
    card_seconds: float = 5
    end_seconds: float = 5
    killed_seconds: float = 1


@dataclass
class Heard:
    """What came: ``count`` of GPUs is None where NVML did not get as far as to tell it."""

    failure: NoLibrary | None = None
    count: int | None = None
    read: list[CardRead] = field(default_factory=list)
    stuck: dict[int, CardId | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Silence:
    """No message comes any more: ``reason`` is hanging or crashed, ``card`` whose turn it was."""

    reason: str
    card: CardId | None
    text: str


def hear(ask: Asking, patience: Patience, skip: frozenset[int] = frozenset()) -> Heard:
    """Ask NVML and return all that came. Raise OSError where no process can be started.

    After a GPU that hangs or crashes the library, the others are asked by a new process.
    ``stuck`` are processes that even a kill does not end, with the driver in the kernel, and the
    GPU that each waits for.
    """
    heard = Heard()
    while True:
        pid, incoming = fork(ask, skip)
        with incoming:
            silence = _listen(incoming, heard, patience)
        is_gone = silence is None and has_ended(pid, patience.end_seconds)
        if not is_gone and not kill(pid, patience.killed_seconds):
            heard.stuck[pid] = None if silence is None else silence.card
        if silence is None:
            return heard
        if silence.card is None or silence.card.index in skip:
            heard.failure = NoLibrary(silence.reason, silence.text)
            return heard
        heard.read.append(CardRead(silence.card, Samples(), silence.reason, (silence.text,)))
        skip |= frozenset(read.card.index for read in heard.read)


def _listen(incoming: Connection, heard: Heard, patience: Patience) -> _Silence | None:
    """Hear messages to their end, None, or to where silence sets in."""
    now: CardId | None = None
    seconds = patience.open_seconds
    while True:
        if not incoming.poll(seconds):
            return _Silence("hanging", now, f"NVML did not answer within {seconds:g} s")
        try:
            message: Message = incoming.recv()
        except (EOFError, OSError):
            return _Silence("crashed", now, "the process that asked NVML has crashed")
        match message:
            case Ended():
                return None
            case Begun(card):
                now = card
            case Listed(count):
                heard.count, seconds = count, patience.card_seconds
            case CardRead():
                heard.read.append(message)
                now = None
            case Mistake(text):
                return _Silence("crashed", now, text)
            case NoLibrary():
                heard.failure = message
