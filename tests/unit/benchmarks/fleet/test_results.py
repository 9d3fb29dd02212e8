"""What is kept, what is decided from it, and how it is shown."""

import json
from dataclasses import replace

import pytest

from benchmarks.fleet.bounds import Bound, bounds_of
from benchmarks.fleet.leftovers import is_left
from benchmarks.fleet.samples import Cell, Results, Spread
from benchmarks.fleet.tables import distance_cost, page_end, times_table
from tests.unit.benchmarks.fleet.making import results, sample, talk

SIXTY, FULL = "deeprig, 60 resources, line", "deeprig, workstation, line"


def test_a_spread_is_a_median_with_its_ends():
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0, 3)
    assert Spread.of([]) is None


def test_what_is_kept_is_read_as_it_was(tmp_path):
    kept = results(tmp_path)
    kept.add(sample("far", 1, SIXTY, 1.25, conversation=talk(7), own_round_trips=6))
    kept.add(sample("near", 1, "floor", 0.3, problem="exit 1"))
    again = Results.load(kept.path)
    assert again is not None
    assert (again.samples, again.about) == (kept.samples, kept.about)


def test_there_may_be_nothing_yet_but_not_something_else(tmp_path):
    path = tmp_path / "results.json"
    assert Results.load(path) is None
    path.write_text(json.dumps({"schema": "other"}))
    with pytest.raises(ValueError, match=r"results\.json is no"):
        Results.load(path)


def test_runs_that_do_not_count_are_in_no_median(tmp_path):
    kept = results(
        tmp_path,
        sample("near", 1, "floor", 1.0),
        sample("near", 1, "floor", 9.0, 2, problem="1 changed"),
    )
    cell = Cell("near", 1, "floor")
    assert kept.seconds(cell) == Spread(1.0, 1.0, 1.0, 1)
    assert kept.tried(cell) == 2


def test_a_bound_is_kept_up_to_its_limit_and_unknown_is_not_kept():
    bound = Bound("b", 2.0, 2.0)
    assert bound.verdict == "kept"
    assert replace(bound, value=2.01).verdict == "not kept"
    assert replace(bound, value=None).verdict == "not measured"


def _whole(tmp_path):
    return results(
        tmp_path,
        sample("near", 1, "floor", 0.5),
        sample("near", 1, SIXTY, 0.9),
        sample("near", 30, "floor", 2.0),
        sample("near", 30, SIXTY, 6.0),
        sample("far", 1, "floor", 1.0),
        sample("far", 1, SIXTY, 1.4, conversation=talk(7), own_round_trips=6),
        sample("far", 1, SIXTY, 1.4, 2, conversation=talk(9), own_round_trips=6),
        sample("fresh", 1, "shell script", 10.0),
        sample("fresh", 1, SIXTY, 11.0),
        sample("memory", 100, FULL, 30.0, largest_mebibytes=90.0, all_mebibytes=92.0),
    )


def test_every_bound_is_decided_from_the_cells_it_is_about(tmp_path):
    decided = {b.name: (b.value, b.verdict) for b in bounds_of(_whole(tmp_path), "line")}
    assert decided["no-op, 60 resources, 1 host, by the floor"] == (1.8, "kept")
    assert decided["no-op, 60 resources, 30 hosts, by the floor"] == (3.0, "not kept")
    assert decided["no-op, 60 resources, 1 host, 50 ms away, by the floor"] == (1.4, "kept")
    assert decided["turns after the login, 60 resources"] == (9.0, "not kept")
    assert decided["fresh apply by the hand-written script"] == (1.1, "kept")
    assert decided["memory at 100 hosts"] == (pytest.approx(96.47, abs=0.01), "kept")
    assert decided["no-op, workstation, 1 host, by the floor"] == (None, "not measured")


def test_another_transport_has_bounds_of_its_own(tmp_path):
    verdicts = {bound.verdict for bound in bounds_of(_whole(tmp_path), "stock")}
    assert verdicts == {"not measured"}


def test_what_the_distance_costs_is_in_round_trips(tmp_path):
    kept = _whole(tmp_path)
    assert distance_cost(kept, SIXTY) == pytest.approx(10.0)
    assert distance_cost(kept, "shell script") is None


def test_times_are_shown_with_spread_and_by_the_floor(tmp_path):
    kept = _whole(tmp_path)
    kept.samples.append(sample("near", 1, SIXTY, 1.1, 2))
    shown = times_table(kept, "floor", ("floor", SIXTY, "never run"))
    assert shown.splitlines() == [
        "| way | 1 host | 30 hosts | 1 host, 50 ms away |",
        "| --- | --- | --- | --- |",
        "| floor | 0.50 (once) | 2.00 (once) | 1.00 (once) |",
        f"| {SIXTY} | 1.00 (0.90\N{EN DASH}1.10), 2.0\N{MULTIPLICATION SIGN} | 6.00 (once), "
        "3.0\N{MULTIPLICATION SIGN} | 1.40 (1.40\N{EN DASH}1.40), 1.4\N{MULTIPLICATION SIGN} |",
    ]


def test_the_page_tells_verdicts_and_what_did_not_count(tmp_path):
    kept = _whole(tmp_path)
    kept.samples.append(sample("near", 10, "Ansible, pipelined", 9.0, problem="1 failed,\n`x`"))
    page = page_end(kept)
    assert "| no-op, 60 resources, 30 hosts, by the floor | ≤ 2.5 | 3.00 | **not kept** |" in page
    assert "| memory at 100 hosts | ≤ 100 MB | 96 MB | kept |" in page
    assert f"| {SIXTY} | 1 | 3 | 5 | 9 | 6 | 3 | 10.0 |" in page
    assert f"| {SIXTY} | 11.00 (once) | 1.10 |" in page
    assert f"| {FULL} | 100 | 94 | 96 | 0.01 |" in page
    assert "- near, 10 hosts, Ansible, pipelined: 1 failed, 'x'" in page


def test_what_belongs_to_a_living_process_is_not_left(tmp_path):
    import os

    assert not is_left(f"deeprig-benchmark-{os.getpid()}.1")
    assert is_left("deeprig-benchmark-4194305.1")  # above the highest process id (proc(5))
    assert not is_left("deeprig-lab-1")
