"""What the notifier remembers between two runs: what holds since when, and what is undelivered.

It lies on the disk, and in memory (tmpfs) while the disk is full: a full disk must neither lose
what was told (it would be told each minute) nor what is still to be told.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from deeprig_host.alerts.evaluate import Subject
from deeprig_host.alerts.message import Message, Notice
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.durable import place_text, remove_file

SCHEMA = "deeprig.alerts-state/1"
DISK = "/var/lib/deeprig/alerts/state.json"
MEMORY = "/run/deeprig/alerts/state.json"


@dataclass(frozen=True, slots=True)
class Episode:
    """An alert that holds for a subject, or did lately. Times are unix seconds.

    ``since`` is None once it was told as resolved; ``begins`` are the times at which its begin was
    told, kept to see it come and go.
    """

    alert: str
    subject: Subject
    since: float | None
    seen: float
    text: str = ""
    clear_since: float | None = None
    told_at: float | None = None
    begins: tuple[float, ...] = ()

    @property
    def is_told(self) -> bool:
        """Say whether people know of it as something that is wrong now."""
        return self.since is not None and self.told_at is not None


@dataclass(frozen=True, slots=True)
class Outbox:
    """What one channel still has to deliver; ``dropped`` were too many to keep."""

    waiting: tuple[Message, ...] = ()
    dropped: int = 0
    failures: int = 0
    delivered_at: float | None = None


@dataclass(frozen=True, slots=True)
class State:
    """All that is remembered. ``turn`` counts the runs: the higher one is the newer state."""

    turn: int = 0
    episodes: tuple[Episode, ...] = ()
    outboxes: dict[str, Outbox] = field(default_factory=dict)


def load(machine: Machine, *, is_reading: bool = False) -> tuple[State, tuple[str, ...]]:
    """Return the newest state, and what there is to say about it.

    A spoilt file is put aside (but ``is_reading`` changes nothing); without another the notifier
    begins anew.
    """
    found, remarks = State(), []
    for place in (DISK, MEMORY):
        path = machine.path(place)
        try:
            read = _decode(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (ValueError, KeyError, TypeError) as error:
            told = f"{place} is spoilt ({type(error).__name__}: {error})"
            remarks.append(told if is_reading else _put_aside(machine, place, told))
        except OSError as error:
            remarks.append(f"{place} cannot be read: {error}")
        else:
            found = max(found, read, key=lambda state: state.turn)
    return found, tuple(remarks)


def save(machine: Machine, state: State) -> tuple[str, ...]:
    """Write the state; return what was wrong. Raise OSError where it could be kept nowhere."""
    text = json.dumps({"schema": SCHEMA} | asdict(state)) + "\n"
    try:
        place_text(machine.path(DISK), text)
    except OSError as error:
        place_text(machine.path(MEMORY), text)
        return (f"{DISK} cannot be written ({error}): kept in memory until the next boot",)
    remove_file(machine.path(MEMORY))
    return ()


def _put_aside(machine: Machine, place: str, told: str) -> str:
    try:
        machine.path(place).replace(machine.path(f"{place}.spoilt"))
    except OSError as failure:
        return f"{told} and cannot be put aside ({failure}); begun anew"
    return f"{told}; put aside as {place}.spoilt and begun anew"


def _decode(text: str) -> State:
    told = json.loads(text)
    if not isinstance(told, dict) or told.get("schema") != SCHEMA:
        raise ValueError(f"no {SCHEMA}")
    return State(
        turn=int(told["turn"]),
        episodes=tuple(_episode(one) for one in told["episodes"]),
        outboxes={str(name): _outbox(one) for name, one in told["outboxes"].items()},
    )


def _episode(told: dict[str, Any]) -> Episode:
    return Episode(
        alert=str(told["alert"]),
        subject=tuple(str(value) for value in told["subject"]),
        since=_time(told["since"]),
        seen=float(told["seen"]),
        text=str(told["text"]),
        clear_since=_time(told["clear_since"]),
        told_at=_time(told["told_at"]),
        begins=tuple(float(at) for at in told["begins"]),
    )


def _outbox(told: dict[str, Any]) -> Outbox:
    return Outbox(
        waiting=tuple(_message(one) for one in told["waiting"]),
        dropped=int(told["dropped"]),
        failures=int(told["failures"]),
        delivered_at=_time(told["delivered_at"]),
    )


def _message(told: dict[str, Any]) -> Message:
    return Message(**told | {"notices": tuple(Notice(**one) for one in told["notices"])})


def _time(told: Any) -> float | None:
    return None if told is None else float(told)
