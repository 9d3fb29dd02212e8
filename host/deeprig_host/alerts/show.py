"""What the notifier knows now, for a person."""

from __future__ import annotations

from deeprig_host.alerts.message import duration, moment
from deeprig_host.alerts.rules import alert_named
from deeprig_host.alerts.state import Episode, Outbox, State


def shown(state: State, now: float) -> str:
    """Return the alerts that hold, and what each channel has still to deliver."""
    holding = [one for one in state.episodes if one.since is not None]
    lines = [_episode(one, now) for one in holding] or ["nothing is wrong that is watched here"]
    lines += [_outbox(name, box) for name, box in state.outboxes.items()]
    return "\n".join(lines) + "\n"


def _episode(episode: Episode, now: float) -> str:
    alert = alert_named(episode.alert)
    severity = alert.severity if alert else "?"
    held = now - (now if episode.since is None else episode.since)
    told = "told" if episode.is_told else "waits to be told"
    ends = ", clear now" if episode.clear_since is not None else ""
    return f"{severity} {episode.alert}: {episode.text} (since {duration(held)}, {told}{ends})"


def _outbox(name: str, box: Outbox) -> str:
    last = "never" if box.delivered_at is None else moment(box.delivered_at)
    return f"{name}: {len(box.waiting)} to deliver, {box.failures} failures, last delivered: {last}"
