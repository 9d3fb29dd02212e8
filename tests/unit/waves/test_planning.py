"""Which hosts come next: the rules hold for every size of lab and every policy."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest

from deeprig.waves.model import WaveRecord
from deeprig.waves.planning import End, Next, next_wave, preview, told, too_many_failed
from tests.unit.waves.plan import rollout

_COUNTS, _CANARIES, _GROWTHS = (1, 2, 3, 7, 30, 100), (1, 3), (1.0, 1.5, 2.0, 10.0)
_POLICIES = tuple(itertools.product(_CANARIES, _GROWTHS, (1, 4, 25), (None, 1, 6)))


@pytest.mark.parametrize("count", _COUNTS)
def test_every_host_has_its_turn_once_and_never_more_than_allowed_are_out(count):
    for canary, growth, most, size in _POLICIES:
        policy = {"canary_count": canary, "growth": growth, "wave_size": size}
        waves = preview(rollout(count, max_unavailable=most, **policy))
        names = [host for wave in waves for host in wave]
        assert sorted(names) == sorted(f"h{n}" for n in range(1, count + 1))
        assert max(map(len, waves)) <= most
        assert len(waves[0]) == min(canary, most, count)
        # A last wave has what is left; and a fixed size may be smaller than the canary.
        assert all(len(a) <= len(b) for a, b in itertools.pairwise(waves[1:-1]))


def test_waves_grow_from_the_canary_to_what_may_be_out():
    sizes = [len(wave) for wave in preview(rollout(100, max_unavailable=25))]
    assert sizes == [1, 2, 4, 8, 16, 25, 25, 19]


def test_a_fixed_size_replaces_growth():
    assert [len(w) for w in preview(rollout(10, wave_size=4))] == [1, 4, 4, 1]


def test_named_canaries_come_first_and_in_as_many_waves_as_may_be_out():
    named = rollout(6, canary_hosts=("h5", "h2"), max_unavailable=2)
    assert preview(named)[0] == ("h2", "h5")
    coming = next_wave(replace(named, policy=replace(named.policy, max_unavailable=1)))
    assert coming == Next(("h2",), is_canary=True)
    one_by_one = rollout(6, canary_hosts=("h5", "h2"), max_unavailable=1)
    assert preview(one_by_one)[:3] == (("h2",), ("h5",), ("h1",))


def after(plan, states, *, is_canary=True):
    """Return a rollout after one wave whose hosts ended in these states."""
    wave = WaveRecord(len(plan.waves) + 1, tuple(states), "passed", is_canary)
    plan = replace(plan, waves=(*plan.waves, wave))
    for host, state in states.items():
        plan = plan.with_hosts((host,), state=state)
    return plan


def test_a_canary_that_is_down_proves_nothing_and_the_next_host_is_the_canary():
    plan = after(rollout(10), {"h1": "unreachable"})
    assert next_wave(plan) == Next(("h2",), is_canary=True)
    assert next_wave(after(plan, {"h2": "good"})) == Next(("h3", "h4"), is_canary=False)


def test_named_canaries_that_are_all_down_stop_it():
    plan = after(rollout(5, canary_hosts=("h1", "h2")), {"h1": "unreachable", "h2": "unreachable"})
    assert next_wave(plan) == End("stopped", "no canary was proven: h1, h2")


def test_hosts_that_are_down_or_failed_take_room():
    plan = after(rollout(10, max_unavailable=3, max_fail=9, growth=10), {"h1": "good"})
    plan = after(plan, {"h2": "failed", "h3": "unreachable"}, is_canary=False)
    assert next_wave(plan) == Next(("h4",), is_canary=False)
    full = after(plan, {"h4": "failed"}, is_canary=False)
    end = next_wave(full)
    assert isinstance(end, End)
    assert end.status == "stopped"
    assert "max_unavailable is 3" in end.reason


@pytest.mark.parametrize(
    ("states", "status", "word"),
    [
        (("good", "good"), "done", None),
        (("good", "put back"), "done", None),
        (("good", "unreachable"), "incomplete", "h2 unreachable"),
        (("good", "failed"), "done", "h2 failed"),
    ],
)
def test_how_it_ends_says_who_is_not_good(states, status, word):
    end = next_wave(after(rollout(2, max_fail=1), dict(zip(("h1", "h2"), states, strict=True))))
    assert isinstance(end, End)
    assert end.status == status
    assert (word is None and end.reason is None) or word in end.reason


def test_a_canary_that_fails_stops_whatever_may_fail():
    assert "canary" in too_many_failed(after(rollout(9, max_fail=5), {"h1": "failed"}))


def test_failures_are_counted_over_all_waves():
    plan = after(rollout(9, max_fail=1), {"h1": "good"})
    plan = after(plan, {"h2": "failed", "h3": "good"}, is_canary=False)
    assert too_many_failed(plan) is None
    plan = after(plan, {"h4": "good"}, is_canary=False)
    assert too_many_failed(plan) is None, "an earlier wave's failure stops no later one"
    assert "max_fail is 1" in too_many_failed(after(plan, {"h5": "failed"}, is_canary=False))


def test_any_course_of_failures_comes_to_an_end_and_never_has_too_many_out():
    dice = random.Random(8)  # noqa: S311 - the seed makes it the same every time
    for _ in range(300):
        most, count = dice.randint(1, 8), dice.randint(1, 40)
        plan = rollout(count, max_unavailable=most, max_fail=count, growth=dice.choice((1.0, 3.0)))
        while isinstance(coming := next_wave(plan), Next):
            out = plan.in_state("failed", "unreachable")
            assert 0 < len(coming.hosts) <= most - len(out)
            assert set(coming.hosts) <= set(plan.in_state("waiting"))
            states = ("good", "good", "good", "failed", "unreachable")
            ended = {host: dice.choice(states) for host in coming.hosts}
            plan = after(plan, ended, is_canary=coming.is_canary)
        assert coming.status == "stopped" or not plan.in_state("waiting")


def test_many_hosts_are_told_in_few_words():
    assert told(("rig1", "rig2")) == "rig1, rig2"
    assert told(tuple(f"h{n}" for n in range(1, 101))) == "h[1-100]"
    names = tuple(f"{letter * 8}.example.org" for letter in "abcdefghij")
    assert told(names).endswith("eeeeeeee.example.org and 5 more")
