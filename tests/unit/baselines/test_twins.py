"""Twins: the same hardware and software on other hosts. One that is slower than they is told."""

import pytest

from tests.unit.baselines.runs import CPU, GPU, Rig, comparison


@pytest.fixture
def rigs(tmp_path):
    return [Rig(tmp_path, f"rig{number}") for number in range(1, 5)]


def beside(check, *names):
    return comparison(check, against=f"its twin{'s' if len(names) > 1 else ''} {', '.join(names)}")


def test_a_twin_with_half_the_throughput_fails_at_its_first_run(rigs):
    first, second, third, slow = rigs
    for rig in (first, second, third):
        rig.history(100.0, 101.0)
    check = slow.verify(50.0)
    assert check.outcome == "fail"
    assert beside(check, "rig1", "rig2", "rig3")["outcome"] == "fail"
    assert "50 1/s, before 100.5 1/s" in check.evidence
    assert "against its twins rig1, rig2, rig3" in check.evidence
    assert slow.lines == [], "the slow twin must not become what others are compared with"


def test_a_single_twin_with_history_is_enough(rigs):
    first, slow, *_ = rigs
    first.history(*[100.0] * 5)
    assert slow.verify(95.0).outcome == "pass"
    check = slow.verify(50.0)
    assert beside(check, "rig1")["outcome"] == "fail"


def test_a_twin_with_many_runs_does_not_outvote_the_others(rigs):
    first, second, third, mine = rigs
    first.history(*[105.0] * 30)
    second.history(*[100.0] * 5)
    third.history(*[101.0] * 5)
    told = beside(mine.verify(99.0), "rig1", "rig2", "rig3")
    assert (told["count"], told["reference"]) == (15, 101.0)


def test_too_few_runs_of_twins_give_no_verdict(rigs):
    first, mine, *_ = rigs
    first.history(100.0)
    check = mine.verify(50.0)
    assert check.outcome == "not applicable"
    assert beside(check, "rig1")["reason"] == "no verdict yet: 1 of 5 earlier values"


@pytest.mark.parametrize(
    "other",
    [
        {"facts": {"nvidia_driver": "590.1"}},
        {"framework_version": "2.14.0"},
        {"facts": {"cpu": "Intel, 8 CPUs"}},
        {"profile": "acceptance"},
        {"burn_minutes": 10.0},
        {"cuda": {"build": "12.9", "names": [GPU], "error": None}},
        {"device": "cpu", "cuda": None},
    ],
)
def test_other_hardware_or_software_is_no_twin(rigs, other):
    first, mine, *_ = rigs
    first.history(*[100.0] * 5, **other)
    check = mine.verify(50.0)
    assert check.outcome == "not applicable"
    assert {one["against"] for one in check.data["comparisons"]} == {"its own history"}


def test_another_kernel_is_still_a_twin(rigs):
    first, mine, *_ = rigs
    first.history(*[100.0] * 5, facts={"kernel": "6.1"})
    assert mine.verify(50.0).outcome == "fail"


def test_machines_that_train_on_the_cpu_have_twins_too(rigs):
    first, mine, *_ = rigs
    first.history(*[100.0] * 5, device="cpu", cuda=None)
    check = mine.verify(50.0, device="cpu", cuda=None)
    assert check.outcome == "fail"
    assert mine.verify(100.0, device="cpu", cuda=None).outcome == "pass"
    assert mine.lines[0]["runs"][0]["hardware"] == CPU


def test_a_host_accepted_as_slower_than_its_twins_is_not_told_for_ever(rigs):
    first, slow, *_ = rigs
    first.history(*[100.0] * 5)
    assert slow.verify(50.0).outcome == "fail"
    slow.verify(50.0, accepts=True)
    check = slow.verify(50.0)
    assert check.outcome == "pass", "its other number is as its twin's"
    assert beside(check, "rig1")["outcome"] == "skip"
    assert "accepted as the new baseline" in beside(check, "rig1")["reason"]
    slow.history(*[50.0] * 4)
    assert slow.verify(40.0).outcome == "fail", "its own history holds it still"
    assert beside(first.verify(100.0), "rig2")["reason"].startswith("no verdict yet: 0 of 5"), (
        "what was accepted as slower is no measure for others"
    )


def test_once_it_is_as_fast_as_they_it_must_stay_so(rigs):
    first, mine, *_ = rigs
    first.history(*[100.0] * 5)
    mine.verify(50.0, accepts=True)
    mine.verify(100.0)
    assert mine.verify(50.0).outcome == "fail"
