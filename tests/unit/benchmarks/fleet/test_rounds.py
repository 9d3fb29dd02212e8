"""Which runs are done, in which order, and which are not done again."""

from pathlib import Path

from benchmarks.fleet.answers import script_problem
from benchmarks.fleet.rounds import next_runs, selected
from benchmarks.fleet.ways import Way, all_ways
from tests.unit.benchmarks.fleet.making import results, sample


def _way(name, **more):
    return Way(name, lambda desk, label, hosts: [], script_problem, frozenset({"near"}), **more)


A, B = _way("a"), _way("b")


def _run_all(kept, ways, repeat, seconds=1.0, scene="near", hosts=1):
    done = []
    for cell, way, number in next_runs(kept, scene, hosts, ways, repeat):
        done.append((way.name, number))
        kept.samples.append(sample(cell.scene, cell.hosts, cell.way, seconds, number))
    return done


def test_every_other_round_goes_the_other_way(tmp_path):
    done = _run_all(results(tmp_path), (A, B), 3)
    assert done == [("a", 1), ("b", 1), ("b", 2), ("a", 2), ("a", 3), ("b", 3)]


def test_a_run_that_was_interrupted_goes_on_where_it_ended(tmp_path):
    kept = results(tmp_path, sample("near", 1, "a", 1.0), sample("near", 1, "b", 1.0))
    assert _run_all(kept, (A, B), 2) == [("b", 2), ("a", 2)]
    assert _run_all(kept, (A, B), 2) == []


def test_a_slow_way_is_run_less_often(tmp_path):
    assert _run_all(results(tmp_path), (A,), 3, seconds=10.0) == [("a", 1), ("a", 2)]
    assert _run_all(results(tmp_path), (A,), 3, seconds=90.0) == [("a", 1)]


def test_a_way_may_have_few_rounds_of_its_own(tmp_path):
    assert _run_all(results(tmp_path), (_way("once", most_rounds=1),), 3) == [("once", 1)]


def test_a_way_that_failed_is_not_tried_again_in_its_place(tmp_path):
    kept = results(tmp_path, sample("near", 1, "a", 1.0, problem="exit 2"))
    assert _run_all(kept, (A,), 3) == []
    assert _run_all(kept, (A,), 1, hosts=10) == [("a", 1)]


def test_scenes_and_hosts_that_do_not_fit_are_left_out(tmp_path):
    few = _way("few", most_hosts=1)
    assert _run_all(results(tmp_path), (A, few), 1, hosts=10) == [("a", 1)]
    assert _run_all(results(tmp_path), (A,), 1, scene="far") == []


def test_words_select_ways():
    assert selected((A, B), ()) == (A, B)
    assert selected((A, B), ("b",)) == (B,)


def test_only_the_default_transport_is_measured_on_many_hosts_and_fresh():
    ways = {way.name: way for way in all_ways(Path(), ("stock", "line"), "line", 10)}
    assert ways["deeprig, 60 resources, line"].scenes == {"near", "far", "fresh"}
    assert ways["deeprig, workstation, line"].scenes == {"near", "far", "memory"}
    assert ways["deeprig, 60 resources, stock"].scenes == {"near", "far"}
    assert ways["deeprig, 60 resources, stock"].most_hosts == 1
    assert ways["deeprig, 60 resources, stock"].most_rounds == 1
    assert ways["deeprig, 60 resources, stock"].environment == {"DEEPRIG_TRANSPORT": "stock"}


def test_without_transports_to_choose_from_there_is_one_way_for_each_state():
    names = [way.name for way in all_ways(Path(), ("stock", "line"), "", 10)]
    own = [name for name in names if name.startswith("deeprig")]
    states = ("deeprig, workstation", "deeprig, 60 resources")
    assert own == [name for state in states for name in (state, f"{state}, all evaluated")]


def test_only_a_re_run_that_can_recheck_is_warmed_up():
    ways = {way.name: way for way in all_ways(Path(), ("stock", "line"), "line", 10)}
    assert ways["deeprig, 60 resources, line"].warm_ups == 2
    assert ways["deeprig, 60 resources, line, all evaluated"].warm_ups == 0
    assert ways["deeprig, 60 resources, stock"].warm_ups == 0
