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
    """What came: ``cards`` is None where NVML did not get as far as to list them."""

    failure: NoLibrary | None = None
    cards: tuple[CardId, ...] | None = None
    read: list[CardRead] = field(default_factory=list)
    stuck: dict[int, CardId | None] = field(default_factory=dict)


def hear(ask: Asking, patience: Patience, skip: frozenset[int] = frozenset()) -> Heard:
    """Ask NVML and return all that came.

    After a GPU that hangs the others are asked by a new process. ``stuck`` are processes that
    even a kill does not end, with the driver in the kernel, and the GPU that each waits for.
    """
    heard = Heard()
    while True:
        pid, incoming = fork(ask, skip)
        with incoming:
            silent = _listen(incoming, heard, patience)
        is_done = silent is None and heard.failure is None
        is_gone = is_done and has_ended(pid, patience.end_seconds)
        if not is_gone and not kill(pid, patience.killed_seconds):
            heard.stuck[pid] = silent
        if silent is None:
            return heard
        heard.read.append(CardRead(silent, Samples(), "hanging", ("NVML does not come back",)))
        skip |= frozenset(read.card.index for read in heard.read)


def _listen(incoming: Connection, heard: Heard, patience: Patience) -> CardId | None:
    """Hear messages to their end; return the GPU that has fallen silent, if one has."""
    now: CardId | None = None
    while True:
        seconds = patience.open_seconds if now is None else patience.card_seconds
        if not incoming.poll(seconds):
            if now is None:
                heard.failure = NoLibrary("hanging", f"no answer within {seconds:g} s")
            return now
        try:
            message: Message = incoming.recv()
        except (EOFError, OSError):
            heard.failure = NoLibrary("crashed", "the process that asked NVML has crashed")
            return None
        match message:
            case Ended():
                return None
            case Begun(card):
                now = card
            case Listed(cards):
                heard.cards = cards
            case CardRead():
                heard.read.append(message)
            case NoLibrary():
                heard.failure = message
