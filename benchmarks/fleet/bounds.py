"""The issue's bounds, decided by the program: kept, not kept, or not measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmarks.fleet.samples import Cell, Results, Scene

Verdict = Literal["kept", "not kept", "not measured"]
#: What deeprig keeps in place, and the name of the floor that tests the same.
STATES = (("workstation", "floor workstation"), ("60 resources", "floor"))


@dataclass(frozen=True, slots=True)
class Bound:
    """One bound: ``value`` must be at most ``limit``. None: it was not measured."""

    name: str
    limit: float
    value: float | None
    unit: str = ""

    @property
    def verdict(self) -> Verdict:
        """Return whether it is kept. What was not measured is not kept either, and says so."""
        if self.value is None:
            return "not measured"
        return "kept" if self.value <= self.limit else "not kept"


def bounds_of(results: Results, transport: str) -> tuple[Bound, ...]:
    """Return every bound of the issue for one of deeprig's transports."""
    found = []
    scenes: tuple[tuple[str, Scene, int, float], ...] = (
        ("1 host", "near", 1, 2.0),
        ("1 host, 50 ms away", "far", 1, 2.0),
        ("30 hosts", "near", 30, 2.5),
    )
    for state, floor in STATES:
        way = way_name(state, transport)
        for told, scene, hosts, limit in scenes:
            value = ratio(results, Cell(scene, hosts, way), Cell(scene, hosts, floor))
            found.append(Bound(f"no-op, {state}, {told}, by the floor", limit, value))
        found.append(Bound(f"turns after the login, {state}", 8, turns(results, way)))
    way = way_name("60 resources", transport)
    fresh = ratio(results, Cell("fresh", 1, way), Cell("fresh", 1, "shell script"))
    found.append(Bound("fresh apply by the hand-written script", 1.15, fresh))
    way = way_name("workstation", transport)
    found.append(Bound("memory at 100 hosts", 100, memory(results, way, 100), " MB"))
    return tuple(found)


def way_name(state: str, transport: str) -> str:
    """Return the name of deeprig's way with a transport; "" is the one it takes by itself."""
    return f"deeprig, {state}" + (f", {transport}" if transport else "")


def ratio(results: Results, one: Cell, other: Cell) -> float | None:
    """Return one cell's median by another's, None where either was not measured."""
    of_one, of_other = results.seconds(one), results.seconds(other)
    return of_one.median / of_other.median if of_one and of_other else None


def turns(results: Results, way: str) -> float | None:
    """Return the most turns after the login that a run over the far link took."""
    talks = [s.conversation for s in results.of(Cell("far", 1, way)) if s.conversation]
    return float(max(talk.turns for talk in talks)) if talks else None


def memory(results: Results, way: str, hosts: int) -> float | None:
    """Return the highest memory of all processes of a run, in MB (10**6 bytes)."""
    samples = results.of(Cell("memory", hosts, way))
    highest = [max(s.largest_mebibytes or 0.0, s.all_mebibytes or 0.0) for s in samples]
    return max(highest) * 1.048576 if highest else None
