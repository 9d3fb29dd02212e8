"""Hold a host for a run: take its lock, send signs of life, and let go at the end."""

from __future__ import annotations

from dataclasses import dataclass, field

import gevent
from gevent import Greenlet
from gevent.event import Event
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.connectors.util import SUDO_PASSWORD_REQUIRED_LINES

from deeprig.engine.embedding import SUDO_ASKS
from deeprig.engine.held_line import Line, open_line
from deeprig.engine.host_lock import BEAT_SECONDS, Claim, LockOwner, owner_of
from deeprig.errors import DeeprigError

_BEAT, _END = "beat", "end"
_HELD, _TAKEN, _STALE, _REFUSED = "held", "taken", "stale", "refused"


class HostTaken(DeeprigError):
    """Another run changes this host."""


@dataclass(slots=True)
class Hold:
    """A host held by this run. ``left_by`` is the lost run whose lock was taken over, if any.

    ``is_ended`` says that the run itself let go.
    """

    line: Line
    left_by: LockOwner | None
    beats: Greenlet[..., None] | None = None
    is_over: Event = field(default_factory=Event)
    is_ended: bool = False

    @property
    def is_held(self) -> bool:
        """Say whether the lock is still ours, as far as is known here."""
        return self.line.is_open

    def start_beats(self) -> None:
        """Send signs of life until the line ends."""
        self.beats = gevent.spawn(_beat, self.line, self.is_over)

    def let_go(self) -> None:
        """Free the host in order; where the connection is lost, the host finds out by itself."""
        self.is_over.set()  # a kill can be passed over: see deeprig.engine.sayings
        if self.beats is not None:
            self.beats.kill()
        try:
            if self.line.is_open:
                self.line.send(_END)
                self.line.read_line()  # its end: the lock is free
                self.is_ended = True
        except OSError:
            return
        finally:
            self.line.close()


def hold_host(host: Host, claim: Claim, *, sudo: bool, password: str | None) -> Hold:
    """Take the lock of a host.

    Raise HostTaken, naming the holder, where another run is alive; OSError where the connection is
    lost; LineUnknown where the connector cannot keep a program running.
    """
    line = open_line(host, claim.holding(), sudo=sudo, password=password)
    try:
        hold = _answer(line)
    except BaseException:
        line.close()
        raise
    hold.start_beats()
    return hold


def _answer(line: Line) -> Hold:
    """Read what the holding program says first."""
    kind = ""
    told: list[str] = []
    while (said := line.read_line()) is not None:
        if said == _HELD:
            return Hold(line, owner_of(told))
        if said == _REFUSED:
            raise _taken(owner_of(told))
        if said in (_TAKEN, _STALE):
            kind = said
        elif kind:
            told.append(said)
    raise _failed(line)


def _taken(owner: LockOwner | None) -> HostTaken:
    told = owner.told if owner else "it has not said yet whose it is"
    return HostTaken(
        f"another deeprig is changing this host: {told}",
        remedy="wait until it ends, or end it there, and run again",
    )


def _failed(line: Line) -> PyinfraError:
    errors = line.errors().strip()
    if any(said.strip() in SUDO_PASSWORD_REQUIRED_LINES for said in errors.splitlines()):
        return PyinfraError(SUDO_ASKS)
    return PyinfraError(f"the host cannot be held for this run: {errors or 'it gave no answer'}")


def _beat(line: Line, is_over: Event) -> None:
    while line.is_open and not is_over.is_set():
        try:
            line.send(_BEAT)
        except OSError:
            return
        is_over.wait(BEAT_SECONDS)
