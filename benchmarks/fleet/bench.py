"""The measurements themselves: each run, with its scene around it, into the results."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from subprocess import CalledProcessError

from benchmarks.fleet.desk import Desk
from benchmarks.fleet.far_link import FarLink
from benchmarks.fleet.ground import Note, ssh
from benchmarks.fleet.measuring import Measured, measure
from benchmarks.fleet.open_connections import open_connections
from benchmarks.fleet.rounds import next_runs
from benchmarks.fleet.samples import Cell, Results, Sample, Scene
from benchmarks.fleet.shell_texts import testing_script
from benchmarks.fleet.ways import ROOT, Way
from deeprig.lab.state import LabHost

_TAIL_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class Bench:
    """What all measurements share. ``repeat``: rounds for a way that is quick."""

    desk: Desk
    results: Results
    ways: tuple[Way, ...]
    repeat: int
    note: Note

    def near(self, hosts: int) -> None:
        """Measure a re-run that changes nothing on some hosts, from beside them."""
        self._rounds("near", self.desk.state.hosts[:hosts])

    def memory(self, hosts: int) -> None:
        """Measure one such re-run of each way with its memory watched."""
        self._rounds("memory", self.desk.state.hosts[:hosts], repeat=1)

    def far(self) -> None:
        """Measure a re-run on one host that is far away, and what it says on the wire."""
        host = self.desk.state.hosts[0]
        if not list(next_runs(self.results, "far", 1, self.ways, self.repeat)):
            return
        with FarLink(self.desk.state, host, self.desk.directory / "segments.log") as link:
            self._rounds("far", (host,), link=link)

    def fresh(self, hosts: Sequence[LabHost]) -> None:
        """Measure the making of the state, each time on another of the fresh hosts."""
        waiting = iter(hosts)
        for cell, way, number in next_runs(self.results, "fresh", 1, self.ways, self.repeat):
            host = next(waiting)
            label = f"fresh-{host.name}"
            self.desk.write_inventories(label, (host,))
            measured = self._run(way, label, (host,), self.desk.state.id, is_watched=False)
            problem = problem_of(way, measured, 1, may_change=True) or self._missing(host)
            self._keep(cell, way, number, label, (host,), measured, problem)

    def _rounds(
        self,
        scene: Scene,
        hosts: Sequence[LabHost],
        *,
        repeat: int | None = None,
        link: FarLink | None = None,
    ) -> None:
        label = f"n{len(hosts)}"
        self.desk.write_inventories(label, hosts)
        namespace = link.namespace if link else self.desk.state.id
        rounds = repeat or self.repeat
        for cell, way, number in next_runs(self.results, scene, len(hosts), self.ways, rounds):
            connections = (
                open_connections(self.desk, hosts, namespace)
                if way.needs_connection
                else nullcontext()
            )
            with connections:
                for _ in range(way.warm_ups if number == 1 else 0):
                    self._run(way, label, hosts, namespace, is_watched=False)
                watched = scene == "memory"
                measured = self._run(way, label, hosts, namespace, is_watched=watched)
            problem = problem_of(way, measured, len(hosts), may_change=False)
            self._keep(cell, way, number, label, hosts, measured, problem, link)

    def _run(
        self, way: Way, label: str, hosts: Sequence[LabHost], namespace: str, *, is_watched: bool
    ) -> Measured:
        command = ("ip", "netns", "exec", namespace, *way.command(self.desk, label, hosts))
        environment = way.environment_for(self.desk, label)
        return measure(command, self.desk.directory, environment, is_watched=is_watched)

    def _missing(self, host: LabHost) -> str | None:
        """Return None where the state is really there: nobody's word is taken for it."""
        try:
            ssh(self.desk.state, host, testing_script())
        except CalledProcessError:
            return "it says that it is done, but the state is not there"
        return None

    def _keep(
        self,
        cell: Cell,
        way: Way,
        number: int,
        label: str,
        hosts: Sequence[LabHost],
        measured: Measured,
        problem: str | None,
        link: FarLink | None = None,
    ) -> None:
        is_told = link is not None and not way.needs_connection
        sample = Sample(
            cell=cell,
            round=number,
            seconds=round(measured.seconds, 3),
            cpu_seconds=round(measured.cpu_seconds, 3),
            largest_mebibytes=_rounded(measured.largest_mebibytes),
            all_mebibytes=_rounded(measured.all_mebibytes),
            load_before=round(measured.load_before, 2),
            began=measured.began,
            command=shown_command(way, self.desk, label, hosts),
            problem=problem,
            own_round_trips=(
                way.round_trips(measured.output) if way.round_trips and problem is None else None
            ),
            conversation=link.conversation(measured.began) if link and is_told else None,
        )
        self.results.add(sample)
        told = f"{sample.seconds:.2f} s" if problem is None else f"does not count: {problem}"
        self.note(f"{cell.scene}, {cell.hosts} hosts, {cell.way}, round {number}: {told}")


def problem_of(way: Way, measured: Measured, hosts: int, *, may_change: bool) -> str | None:
    """Return why a run counts for nothing, None where it counts."""
    if measured.exit_code != 0:
        said = (measured.errors or measured.output).strip()[-_TAIL_CHARACTERS:]
        return f"exit {measured.exit_code}: {said}"
    told = measured.errors if way.tells_on_stderr else measured.output
    return way.reading(told, hosts, may_change=may_change)


def shown_command(way: Way, desk: Desk, label: str, hosts: Sequence[LabHost]) -> str:
    """Return the command line as a person reads it; of a script that of one host."""
    words = way.command(desk, label, hosts[:1])
    is_script = words[:2] == ["sh", "-c"]
    text = words[2].splitlines()[1].partition(" &")[0] if is_script else shlex.join(words)
    variables = "".join(f"{name}={value} " for name, value in way.environment.items())
    text = text.replace(sys.executable, "python").replace(f"{desk.directory}{os.sep}", "")
    return variables + text.replace(f"{ROOT}{os.sep}", "").replace(str(desk.sockets), "SOCKETS")


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 1)
