"""Which run comes next: in rounds, so that what changes on the machine meets every way alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.fleet.samples import Cell, Results, Scene
from benchmarks.fleet.ways import Way

#: A way that takes longer than the first is not run more than the second says.
PATIENCE = ((30.0, 1), (8.0, 2))


def wanted_rounds(results: Results, cell: Cell, repeat: int) -> int:
    """Return how often a cell is to be run: seldom where each run takes long."""
    known = results.seconds(cell)
    for seconds, rounds in PATIENCE:
        if known and known.median > seconds:
            return min(rounds, repeat)
    return repeat


def next_runs(
    results: Results, scene: Scene, hosts: int, ways: Sequence[Way], repeat: int
) -> Iterator[tuple[Cell, Way, int]]:
    """Yield the runs that are still to be done, every other round in the opposite order.

    ``results`` is looked at again before each: what was measured earlier is not measured again,
    and a way that failed is not tried again in this scene.
    """
    fitting = [w for w in ways if scene in w.scenes and hosts <= (w.most_hosts or hosts)]
    for number in range(1, repeat + 1):
        for way in fitting if number % 2 else reversed(fitting):
            cell = Cell(scene, hosts, way.name)
            if has_failed(results, cell) or results.tried(cell) >= number:
                continue
            most = min(repeat, way.most_rounds or repeat)
            if number <= wanted_rounds(results, cell, most):
                yield cell, way, number


def has_failed(results: Results, cell: Cell) -> bool:
    """Say whether a run of the cell counted for nothing."""
    return any(sample.cell == cell and sample.problem for sample in results.samples)


def selected(ways: Sequence[Way], only: Sequence[str]) -> tuple[Way, ...]:
    """Return the ways whose name has one of the words, all without any."""
    return tuple(w for w in ways if not only or any(word in w.name for word in only))
