"""One host at a distance: a namespace for the controller, and a link with a delay to the lab."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from benchmarks.fleet.delay import DEVICE, FAR_ADDRESS, NEAR_ADDRESS, Segment
from benchmarks.fleet.ground import ssh
from benchmarks.fleet.wire import Conversation, conversation, said_by_sshd
from deeprig.lab import cgroups
from deeprig.lab.commands import inside, run
from deeprig.lab.state import BRIDGE_ADDRESS, NETWORK, LabHost, LabState

ROOT = Path(__file__).resolve().parents[2]
ROUND_TRIP_MILLISECONDS = 50
_END_SECONDS = 10


class FarLink:
    """While it is entered, ``namespace`` reaches the host over a delay; its sshd logs sessions."""

    def __init__(self, state: LabState, host: LabHost, log: Path) -> None:
        self.namespace = f"deeprig-benchmark-{os.getpid()}"
        self._cgroup = f"{self.namespace}.link"
        self._state, self._host, self._log = state, host, log
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> FarLink:
        run(("ip", "netns", "add", self.namespace), what="making the controller's namespace")
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def conversation(self, began: float) -> Conversation:
        """Return what was said over the link since a moment, in seconds since 1970."""
        journal = ssh(
            self._state,
            self._host,
            f"journalctl -q --no-pager -o json -t sshd -t sshd-session --since @{int(began)}",
        )
        lines = self._log.read_text(encoding="ascii").splitlines()
        segments = (Segment.of_line(line) for line in lines)
        return conversation(
            (s for s in segments if s.seconds >= began), said_by_sshd(journal, began, FAR_ADDRESS)
        )

    def _start(self) -> None:
        self._log.unlink(missing_ok=True)
        command = [sys.executable, "-m", "benchmarks.fleet.delay", self._state.id, self.namespace]
        command += [str(ROUND_TRIP_MILLISECONDS), str(self._log)]
        # In a cgroup, so that it is found and ended where this program is killed.
        self._process = subprocess.Popen(
            inside(cgroups.create(self._cgroup), command),
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        if self._process.stdout is None or self._process.stdout.readline() != "ready\n":
            raise RuntimeError("the far link did not come up; see what it said above")
        there = ("ip", "-n", self.namespace)
        run((*there, "link", "set", "lo", "up"), what="starting the loopback device")
        route = ("route", "add", f"{NETWORK}.0/24", "via", NEAR_ADDRESS, "dev", DEVICE)
        run((*there, *route), what="routing to the lab")
        forward = ("ip", "netns", "exec", self._state.id, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        run(forward, what="letting the lab forward")
        # Each session is a line of its own in the journal, so that commands can be counted.
        ssh(
            self._state,
            self._host,
            f"ip route replace {FAR_ADDRESS} via {BRIDGE_ADDRESS}\n"
            "echo 'LogLevel VERBOSE' > /etc/ssh/sshd_config.d/bench.conf\n"
            "systemctl reload ssh\n",
        )

    def _end(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_END_SECONDS)
            if self._process.stdout is not None:
                self._process.stdout.close()
            cgroups.end(cgroups.root() / self._cgroup)
        run(("ip", "netns", "delete", self.namespace), what="removing the controller's namespace")
