"""From what holds now, and what was told before, to what is to be told: pure, given the time.

Told once when it begins, again after the repeat time while it lasts, once when it is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from deeprig_host.alerts.conditions import Alert
from deeprig_host.alerts.evaluate import Subject, Verdict
from deeprig_host.alerts.message import Kind, Notice
from deeprig_host.alerts.state import Episode
from deeprig_host.alerts.wording import summary

#: How long a condition must be clear before it is told as over.
SETTLE_SECONDS = 300.0
#: An alert that began so often in this time comes and goes: it must be clear for longer.
FLAPS, FLAP_SECONDS, FLAP_SETTLE_SECONDS = 3, 6 * 3600.0, 3600.0
#: How long an alert stands of which nothing is known any more (its GPU has gone).
UNKNOWN_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Reading:
    """An alert and its verdicts of this run."""

    alert: Alert
    verdicts: Mapping[Subject, Verdict]


def advance(
    readings: Iterable[Reading], episodes: Iterable[Episode], now: float, repeat_seconds: float
) -> tuple[tuple[Episode, ...], tuple[Notice, ...]]:
    """Return the new episodes and what is to be told. Episodes of other alerts end unsaid."""
    before = {(one.alert, one.subject): _not_later(one, now) for one in episodes}
    after: list[Episode] = []
    notices: list[Notice] = []
    for reading in readings:
        name = reading.alert.name
        known = [subject for alert, subject in before if alert == name]
        for subject in dict.fromkeys((*known, *reading.verdicts)):
            step = _Step(reading.alert, subject, now, repeat_seconds)
            episode, kind = step.next(before.get((name, subject)), reading.verdicts.get(subject))
            if episode is not None:
                after.append(episode)
            if kind is not None:
                notices.append(step.notice(kind, episode or before[name, subject]))
    return tuple(after), tuple(notices)


@dataclass(frozen=True, slots=True)
class _Step:
    """One step of one alert for one subject."""

    alert: Alert
    subject: Subject
    now: float
    repeat_seconds: float

    def next(
        self, episode: Episode | None, verdict: Verdict | None
    ) -> tuple[Episode | None, Kind | None]:
        """Return the episode after this step, None where there is none, and what to tell."""
        if verdict is None:
            return (None, None) if episode is None else self._unknown(episode)
        if verdict.holds:
            fresh = Episode(self.alert.name, self.subject, self.now, self.now)
            return self._holds(episode or fresh, verdict.value)
        return (None, None) if episode is None else self._clear(replace(episode, seen=self.now))

    def notice(self, kind: Kind, episode: Episode) -> Notice:
        """Return the notice of an episode; one that comes and goes says so."""
        flaps = " (comes and goes)" if kind == "began" and self._is_flapping(episode) else ""
        since = self.now if episode.since is None else episode.since
        told = f"{episode.text}{flaps}"
        return Notice(kind, self.alert.name, self.alert.severity, told, self.alert.remedy, since)

    def _holds(self, episode: Episode, value: float) -> tuple[Episode, Kind | None]:
        text = summary(self.alert, self.subject, value)
        since = self.now if episode.since is None else episode.since
        episode = replace(episode, since=since, seen=self.now, text=text, clear_since=None)
        if episode.told_at is None:
            if self.now - since < self.alert.for_seconds:
                return episode, None
            begins = (*self._recent(episode), self.now)
            return replace(episode, told_at=self.now, begins=begins), "began"
        if self.now - episode.told_at < self.repeat_seconds:
            return episode, None
        return replace(episode, told_at=self.now), "lasts"

    def _clear(self, episode: Episode) -> tuple[Episode | None, Kind | None]:
        if not episode.is_told:
            return self._quiet(episode), None
        since = self.now if episode.clear_since is None else episode.clear_since
        settle = FLAP_SETTLE_SECONDS if self._is_flapping(episode) else SETTLE_SECONDS
        if self.now - since < settle:
            return replace(episode, clear_since=since), None
        over = replace(episode, since=None, told_at=None, clear_since=None)
        return over, "resolved"

    def _unknown(self, episode: Episode) -> tuple[Episode | None, Kind | None]:
        if not episode.is_told:
            return self._quiet(episode), None
        if self.now - episode.seen < UNKNOWN_SECONDS:
            return episode, None
        return None, "unknown"

    def _quiet(self, episode: Episode) -> Episode | None:
        """Return what is kept of an episode that does not hold: that it came and went lately."""
        begins = self._recent(episode)
        if not begins:
            return None
        return replace(episode, since=None, told_at=None, clear_since=None, begins=begins)

    def _recent(self, episode: Episode) -> tuple[float, ...]:
        return tuple(at for at in episode.begins if self.now - at < FLAP_SECONDS)

    def _is_flapping(self, episode: Episode) -> bool:
        return len(self._recent(episode)) >= FLAPS


def _not_later(episode: Episode, now: float) -> Episode:
    """Return an episode with no time after now: the clock may have been set back."""

    def cut(at: float | None) -> float | None:
        return None if at is None else min(at, now)

    return replace(
        episode,
        since=cut(episode.since),
        seen=min(episode.seen, now),
        clear_since=cut(episode.clear_since),
        told_at=cut(episode.told_at),
        begins=tuple(min(at, now) for at in episode.begins),
    )
