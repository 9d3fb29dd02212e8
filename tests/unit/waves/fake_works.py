"""A lab in memory: hosts that take a change, fail, are down, and are put back; and crashes.

It stands for pyinfra, testinfra and the drain's commands; the state's files are real.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from deeprig.report.model import CheckResult, HostRun, HostVerification, RunReport, VerifyReport
from deeprig.waves.works import Interrupted, PutBack

_TIMES = {"started": "", "finished": "", "seconds": 0.0, "version": "0", "inventory": "i"}


class Crash(BaseException):
    """What SIGKILL is to a controller: nothing of it runs any more."""


@dataclass
class Lab:
    """What the hosts are. It outlives every controller.

    ``bad`` fail their change, ``sick`` their gate, ``down`` cannot be reached.
    """

    bad: set = field(default_factory=set)
    sick: set = field(default_factory=set)
    down: set = field(default_factory=set)
    stubborn: set = field(default_factory=set)
    has_nothing_kept: bool = False
    undrainable: set = field(default_factory=set)
    unreturnable: set = field(default_factory=set)
    new: set = field(default_factory=set)
    served: dict = field(default_factory=dict)
    log: list = field(default_factory=list)
    most_out: int = 0
    declared: str = "as-it-began"


@dataclass
class FakeWorks:
    """Works on the lab; crashes at event number ``crash_at``, before or after its effect."""

    lab: Lab
    crash_at: int | None = None
    interrupt_in: str | None = None
    events: int = 0

    def tick(self):
        self.events += 1
        if self.events == self.crash_at:
            raise Crash

    def _did(self, what, hosts):
        self.lab.log.append((what, tuple(hosts)))

    def declared(self):
        return self.lab.declared

    def drains(self, host):
        return True

    def drain(self, rollout, hosts):
        self.tick()
        self._did("drain", hosts)
        for host in hosts:
            assert rollout.host(host).is_drained, "noted before it is begun"
            self.lab.served[host] = False
        self.lab.most_out = max(self.lab.most_out, list(self.lab.served.values()).count(False))
        self.tick()
        return dict.fromkeys(self.lab.undrainable & set(hosts), "exit 1")

    def give_back(self, rollout, hosts):
        self.tick()
        self._did("give back", hosts)
        for host in hosts:
            self.lab.served[host] = True
        self.tick()
        return dict.fromkeys(self.lab.unreturnable & set(hosts), "exit 1")

    def change(self, rollout, hosts):
        self.tick()
        self._did("change", hosts)
        if self.interrupt_in == "change":
            return RunReport("apply", hosts=(HostRun(hosts[0], "interrupted"),), **_TIMES)
        runs = []
        for host in hosts:
            assert rollout.host(host).is_touched, "noted before it is begun"
            if host in self.lab.down:
                runs.append(HostRun(host, "unreachable", "no connection"))
                continue
            self.lab.new.add(host)
            is_bad = host in self.lab.bad
            status, reason = ("failed", "it broke") if is_bad else ("ok", None)
            runs.append(HostRun(host, status, reason, facts={"kernel": "6"}))
        self.tick()
        return RunReport("apply", hosts=tuple(runs), **_TIMES)

    def prove(self, rollout, hosts):
        self.tick()
        self._did("prove", hosts)
        found = []
        for host in hosts:
            outcome = "fail" if host in self.lab.sick & self.lab.new else "pass"
            check = CheckResult(host, "base", "it is well", outcome, "as seen")
            found.append(HostVerification.of_checks(host, (check,)))
        self.tick()
        return VerifyReport(hosts=tuple(found), **_TIMES), self.interrupt_in == "prove"

    def put_back(self, rollout, hosts):
        self.tick()
        self._did("put back", hosts)
        if self.interrupt_in == "put back":
            raise Interrupted
        results = []
        for host in hosts:
            if self.lab.has_nothing_kept:
                results.append(PutBack(host, "kept", "nothing to go back to"))
            elif host in self.lab.stubborn:
                results.append(PutBack(host, "failed", "it does not go"))
            else:
                self.lab.new.discard(host)
                results.append(PutBack(host, "put back", "put back, proven"))
        self.tick()
        return tuple(results)
