"""One run of the notifier: look, compare with before, remember, tell."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass, replace

from deeprig_host.alerts.channels import Channel, channels
from deeprig_host.alerts.config import Config
from deeprig_host.alerts.delivery import NotDelivered
from deeprig_host.alerts.evaluate import verdicts
from deeprig_host.alerts.message import Message, Notice, compose
from deeprig_host.alerts.outbox import deliver, put
from deeprig_host.alerts.own_metrics import place_metrics
from deeprig_host.alerts.progress import Reading, advance
from deeprig_host.alerts.rules import ALERTS
from deeprig_host.alerts.samples import Samples
from deeprig_host.alerts.state import State, load, save
from deeprig_host.alerts.watch import look
from deeprig_host.machine.commands import Machine


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run went: ``is_good`` when all is told and remembered; ``remarks`` are for the log."""

    is_good: bool
    remarks: tuple[str, ...]
    state: State


def run_once(machine: Machine, config: Config, now: float) -> Outcome:
    """Look, and tell what is to be told. ``now`` is in unix seconds."""
    samples, seen = look(machine, config.metrics, now)
    state, loaded = load(machine)
    ways = channels(config, machine)
    state = _decided(state, samples, config, ways, now)
    saved = _save(machine, state)  # first: cut in between, it is told once more, not never
    state, sent = _delivered(machine, state, ways, now)
    told = _tell_of_itself(machine, config, state, now)
    is_kept = not (saved.is_lost or sent.is_lost or told.is_lost)
    is_good = is_kept and not any(box.waiting for box in state.outboxes.values())
    beaten = _heartbeat(config) if is_good else ()
    remarks = (*seen, *loaded, *saved.remarks, *sent.remarks, *told.remarks, *beaten)
    return Outcome(is_good and not beaten, tuple(dict.fromkeys(remarks)), state)


def trial_message(config: Config, now: float) -> Message:
    """Return a message that proves the channels."""
    words = "this is a test: alerts of this machine arrive here"
    notice = Notice("test", "Test", "warning", words, "Nothing to do.", now)
    return compose(host_name(config), (notice,), now)


def host_name(config: Config) -> str:
    """Return the name under which this machine tells."""
    return config.host or socket.gethostname()


def _decided(
    state: State, samples: Samples, config: Config, ways: Sequence[Channel], now: float
) -> State:
    """Return the state with what this run found, its message in every outbox."""
    readings = [
        Reading(alert, verdicts(alert, samples, now))
        for alert in ALERTS
        if alert.name not in config.off and alert.severity in ("critical", config.least_severity)
    ]
    episodes, notices = advance(readings, state.episodes, now, config.repeat_seconds)
    message = compose(host_name(config), notices, now) if notices else None
    return State(state.turn + 1, episodes, put(state.outboxes, ways, message))


@dataclass(frozen=True, slots=True)
class _Kept:
    """Whether something could be written, and what there is to say."""

    remarks: tuple[str, ...] = ()
    is_lost: bool = False


def _delivered(
    machine: Machine, state: State, ways: Sequence[Channel], now: float
) -> tuple[State, _Kept]:
    """Deliver by each channel, and remember after each: ended in one, the others stay told."""
    kept = _Kept()
    for way in ways:
        before = state.outboxes[way.name]
        if not before.waiting:
            continue
        delivery = deliver(way, before, now)
        boxes = state.outboxes | {way.name: delivery.outbox}
        state = replace(state, turn=state.turn + 1, outboxes=boxes)
        saved = _save(machine, state)
        remarks = (*kept.remarks, *delivery.remarks, *saved.remarks)
        kept = _Kept(remarks, kept.is_lost or saved.is_lost)
    return state, kept


def _save(machine: Machine, state: State) -> _Kept:
    try:
        return _Kept(save(machine, state))
    except OSError as error:
        told = f"nothing can be remembered, so this will be told again: {error}"
        return _Kept((told,), is_lost=True)


def _tell_of_itself(machine: Machine, config: Config, state: State, now: float) -> _Kept:
    try:
        place_metrics(machine.path(config.metrics).parent, state, now)
    except OSError as error:
        return _Kept((f"the notifier's own metrics cannot be written: {error}",), is_lost=True)
    return _Kept()


def _heartbeat(config: Config) -> tuple[str, ...]:
    """Say elsewhere that this machine lives and could tell all: else its silence is noticed."""
    if not config.heartbeat:
        return ()
    from deeprig_host.alerts.web import ping  # costs time that no run without it should take

    try:
        ping(config.heartbeat)
    except NotDelivered as error:
        return (f"the heartbeat failed: {error}",)
    return ()
