"""Samples and results for the tests of the benchmark's arithmetic."""

from benchmarks.fleet.samples import Cell, Results, Sample
from benchmarks.fleet.wire import Conversation

ABOUT = {
    "date": "2026-11-22 00:00 UTC",
    "machine": "2 cores",
    "versions": {"deeprig": "0.1.0"},
    "settings": {},
    "default_transport": "line",
    "minutes": 1.0,
    "sessions": 1,
    "command": "python -m benchmarks.fleet",
}


def sample(scene, hosts, way, seconds, number=1, **more):
    told = {
        "cpu_seconds": 0.5,
        "largest_mebibytes": None,
        "all_mebibytes": None,
        "load_before": 0.1,
        "began": 0.0,
        "command": f"run {way}",
    }
    return Sample(Cell(scene, hosts, way), number, seconds, **(told | more))


def talk(turns):
    return Conversation(1, 5, turns, 3, 2000, 1000)


def results(tmp_path, *samples):
    return Results(tmp_path / "results.json", dict(ABOUT), list(samples))
