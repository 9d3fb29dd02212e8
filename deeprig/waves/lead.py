"""Lead a rollout: wave by wave, each step noted before it is begun, so that any crash is met.

A step that a crash cut off is done again from its beginning: applying and proving twice is as good
as once. What was being put back goes on being put back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from deeprig.waves import judging
from deeprig.waves.model import Rollout, Status, WaveRecord
from deeprig.waves.planning import End, Next, next_wave, too_many_failed
from deeprig.waves.start import aborted
from deeprig.waves.store import RolloutStore
from deeprig.waves.windows import Calendar
from deeprig.waves.works import Interrupted, Works

_LOOK_AGAIN_SECONDS = 0.2


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(timezone.utc)


def stamp(moment: datetime) -> str:
    """Return a time as reports write it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class Leader:
    """Leads one rollout. ``show`` gets it after each step that was noted."""

    store: RolloutStore
    works: Works
    rollout: Rollout
    show: Callable[[Rollout], None]
    now: Callable[[], datetime] = utc_now
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def lead(self) -> Rollout:
        """Go on until the rollout ends, or must wait. Return it as it was noted last."""
        try:
            while self.rollout.status == "running":
                if self.rollout.wave is None:
                    self._go_on()
                else:
                    self._work()
        except (Interrupted, KeyboardInterrupt):
            if self.store.asked(self.rollout) == "abort":
                self.rollout = aborted(self.rollout, stamp(self.now()))
                self._note()
            else:
                self._end("interrupted", "by Ctrl-C or SIGTERM")
        return self.rollout

    def _go_on(self) -> None:
        """Begin the next wave, or end, or wait: between two waves every request is heard."""
        self._hear()
        if self.rollout.status != "running":
            return
        coming = next_wave(self.rollout)
        if isinstance(coming, End):
            self._end(coming.status, coming.reason)
        elif self.works.declared() != self.rollout.declared:
            self._end("stopped", "what the lab declares has changed since the rollout began")
        elif (reason := self._outside_window()) is not None:
            self._end("outside window", reason)
        else:
            self._begin(coming)

    def _hear(self) -> None:
        asked = self.store.asked(self.rollout)
        if asked == "pause":
            self._note(status="paused", reason="paused on request")
            while (asked := self.store.asked(self.rollout)) == "pause":
                self.sleep(_LOOK_AGAIN_SECONDS)
            self._note(status="running", reason=None)
        if asked == "abort":
            self._end("aborted", "aborted on request")

    def _outside_window(self) -> str | None:
        """Return why no wave must begin now, None where one may."""
        policy, now = self.rollout.policy, self.now()
        calendar = Calendar.of(policy.windows, policy.time_zone)
        if not calendar.is_open(now):
            opens = calendar.opens_at(now)
            return f"the next window opens at {stamp(opens) if opens else 'no time'}"
        closes = calendar.closes_at(now)
        expected = max((wave.seconds for wave in self.rollout.waves), default=0.0)
        if policy.expected_wave_minutes is not None:
            expected = policy.expected_wave_minutes * 60
        if closes is not None and now + timedelta(seconds=expected) > closes:
            return f"a wave takes about {expected:.0f} s, and the window closes at {stamp(closes)}"
        return None

    def _begin(self, coming: Next) -> None:
        number = len(self.rollout.waves) + 1
        wave = WaveRecord(
            number, coming.hosts, is_canary=coming.is_canary, started=stamp(self.now())
        )
        self.rollout = replace(self.rollout, waves=(*self.rollout.waves, wave))
        self.rollout = self.rollout.with_hosts(coming.hosts, state="working", wave=number)
        self._note()

    def _work(self) -> None:
        """Do the step that is noted, and note the next."""
        wave, started = self.rollout.waves[-1], self.clock()
        steps: dict[str, Callable[[], None]] = {
            "draining": self._drain,
            "changing": self._change,
            "proving": self._prove,
            "putting back": self._put_back,
            "returning": self._return,
        }
        steps[wave.step]()
        seconds = round(self.rollout.waves[-1].seconds + self.clock() - started, 2)
        self.rollout = self.rollout.with_wave(seconds=seconds)
        self._note()

    def _drain(self) -> None:
        hosts = self._working()
        with_command = tuple(host for host in hosts if self.works.drains(host))
        self.rollout = self.rollout.with_hosts(with_command, is_drained=True)
        self._note()
        self._fail(self.works.drain(self.rollout, with_command), "the drain failed")
        hosts = self._working()
        self._next("changing" if hosts else "returning")
        if not self.rollout.waves[-1].has_failed:
            self.rollout = self.rollout.with_hosts(hosts, is_touched=True)

    def _change(self) -> None:
        report = self.works.change(self.rollout, self._working())
        self._keep("change", report.to_json())
        if any(run.status == "interrupted" for run in report.hosts):
            raise Interrupted
        self.rollout = judging.after_change(self.rollout, report)
        if self.rollout.policy.gate == "none":
            self.rollout = judging.unproven_as_applied(self.rollout)
        self._next("proving" if self._working() else "returning")

    def _prove(self) -> None:
        wave = self.rollout.waves[-1]
        if wave.has_failed and self.works.declared() != self.rollout.declared:
            told = dict.fromkeys(self._working(), "what the lab declares has changed since")
            self._fail(told, "it cannot be proven")
            self._next("returning")
            return
        report, was_interrupted = self.works.prove(self.rollout, self._working())
        self._keep("gate", report.to_json())
        if was_interrupted:
            raise Interrupted
        self.rollout = judging.after_gate(self.rollout, report)
        self._next("returning")

    def _put_back(self) -> None:
        """Put back what can be. What keeps its change must pass the gate before it may serve."""
        wave = self.rollout.waves[-1]
        hosts = tuple(name for name in wave.hosts if self.rollout.host(name).is_touched)
        if self.rollout.policy.rollback == "wave":
            before = self.rollout
            self.rollout = judging.before_put_back(self.rollout, hosts)
            self._note()
            results = self.works.put_back(self.rollout, hosts)
            self.rollout = judging.after_put_back(self.rollout, results, before)
            files = self.store.reports_named(self.rollout, f"wave-{wave.number:03d}-back")
            self.rollout = self.rollout.with_wave(back_reports=files)
        self.rollout = judging.untouched_as_waiting(self.rollout)
        if self.rollout.policy.gate == "none":
            self.rollout = judging.unproven_as_applied(self.rollout)
        self._next("proving" if self._working() else "returning")

    def _return(self) -> None:
        hosts = judging.serving_hosts(self.rollout)
        drained = tuple(host for host in hosts if self.rollout.host(host).is_drained)
        problems = self.works.give_back(self.rollout, drained)
        served = tuple(host for host in drained if host not in problems)
        self.rollout = self.rollout.with_hosts(served, is_drained=False)
        self._fail(problems, "it may serve, and its command after failed")
        stop = self.rollout.waves[-1].reason or too_many_failed(self.rollout)
        is_proven = bool(judging.serving_hosts(self.rollout))
        step = "stopped" if stop else "passed" if is_proven else "unproven"
        self.rollout = self.rollout.with_wave(step=step, reason=stop, finished=stamp(self.now()))
        if stop:
            status: Status = "stopped"
            reason = f"wave {self.rollout.waves[-1].number}: {stop}"
            self.rollout = replace(
                self.rollout, status=status, reason=reason, finished=stamp(self.now())
            )

    def _next(self, step: str) -> None:
        """Go to a step, or to putting the wave back where too many hosts have failed by now.

        A wave is put back once: what fails after that stays as it is, and drained.
        """
        if self.rollout.waves[-1].has_failed:
            self.rollout = self.rollout.with_wave(step=step)
            return
        stop = too_many_failed(self.rollout)
        self.rollout = self.rollout.with_wave(step="putting back" if stop else step, reason=stop)

    def _working(self) -> tuple[str, ...]:
        wave = self.rollout.waves[-1]
        return tuple(n for n in wave.hosts if self.rollout.host(n).state == "working")

    def _fail(self, problems: Mapping[str, str], what: str) -> None:
        for host, told in problems.items():
            changes = {"state": "failed", "reason": f"{what}: {told}"}
            self.rollout = self.rollout.with_hosts((host,), **changes)

    def _keep(self, what: str, document: Mapping[str, Any]) -> None:
        wave = self.rollout.waves[-1]
        file = self.store.keep_report(self.rollout, f"wave-{wave.number:03d}-{what}", document)
        self.rollout = self.rollout.with_wave(reports=(*wave.reports, file))

    def _end(self, status: Status, reason: str | None) -> None:
        self._note(status=status, reason=reason, finished=stamp(self.now()))

    def _note(self, **changes: Any) -> None:
        self.rollout = replace(self.rollout, **changes)
        self.store.save(self.rollout)
        self.show(self.rollout)
