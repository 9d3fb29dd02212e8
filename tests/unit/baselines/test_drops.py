"""A drop is found and noise is not; what changed since is named; a person can accept it."""

import json

import pytest

from deeprig.certificate.baseline import read_comparisons
from tests.unit.baselines.runs import GPU, RATE, Rig, comparison, document

STEADY = (100.0, 101.0, 99.0, 100.5, 99.5)


@pytest.fixture
def rig(tmp_path):
    return Rig(tmp_path)


@pytest.mark.parametrize(
    ("rate", "outcome"),
    [(95.0, "pass"), (91.0, "pass"), (89.0, "fail"), (85.0, "fail"), (50.0, "fail"), (0.0, "fail"),
     (100.0, "pass"), (140.0, "pass")],
)  # fmt: skip
def test_five_percent_is_noise_and_fifteen_are_a_drop(rig, rate, outcome):
    rig.history(*STEADY)
    check = rig.verify(rate)
    assert check.outcome == outcome, check.evidence
    assert comparison(check)["outcome"] == outcome
    assert comparison(check, "cnn: step")["outcome"] == "pass"


@pytest.mark.parametrize(("step", "outcome"), [(1.58, "pass"), (1.8, "fail"), (0.5, "pass")])
def test_where_lower_is_better_more_is_a_drop(rig, step, outcome):
    rig.history(*STEADY)
    (case,) = _cases(step=step)
    assert rig.verify(cases=[case]).outcome == outcome


def test_a_drop_tells_what_was_before_and_becomes_no_baseline(rig):
    rig.history(*STEADY)
    check = rig.verify(50.0)
    told = "cnn: samples: 50 1/s, before 100 1/s (median of 5; worse than 90 1/s is a drop)"
    assert told in check.evidence
    assert "deeprig verify --accept-baseline" in check.evidence
    assert rig.rates == list(STEADY)
    assert rig.verify(50.0).outcome == "fail", "it was told once and then taken for normal"


def test_until_five_runs_there_is_no_verdict_and_that_is_said(rig):
    for count in range(5):
        check = rig.verify(100.0)
        assert check.outcome == "not applicable"
        assert f"no verdict yet: {count} of 5 earlier values" in check.evidence
        assert comparison(check)["reference"] is None
    assert rig.verify(100.0).outcome == "pass"


@pytest.mark.parametrize("first", [100.0, 130.0])
@pytest.mark.parametrize("runs", range(5, 12))
def test_a_rate_that_alternates_by_thirty_percent_is_no_drop(rig, first, runs):
    other = 230.0 - first
    rates = [(first, other)[n % 2] + (n * 7 % 5 - 2) / 2 for n in range(runs)]
    rig.history(*rates)
    for rate in (100.0, 130.0):
        assert rig.verify(rate).outcome == "pass"


def test_but_far_below_both_levels_is(rig):
    rig.history(*(100.0, 130.0) * 5)
    assert rig.verify(20.0).outcome == "fail"


def test_one_wild_earlier_run_hides_no_drop(rig):
    rig.history(*STEADY, 300.0, *STEADY)
    assert rig.verify(85.0).outcome == "fail"


def test_even_noise_of_a_machine_that_never_varied_is_none(rig):
    rig.history(*[100.0] * 10)
    assert rig.verify(91.0).outcome == "pass"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"facts": {"nvidia_driver": "580.105.08"}}, "driver 580.95.05 -> 580.105.08"),
        ({"facts": {"kernel": "6.12.57-amd64"}}, "kernel 6.12.48-amd64 -> 6.12.57-amd64"),
        ({"framework_version": "2.14.0"}, "framework pytorch 2.13.0 -> pytorch 2.14.0"),
        ({"versions": {"torch": "2.13.0", "triton": "3.4"}}, "triton none -> 3.4"),
        ({"facts": {"nvidia_driver": None}}, "driver 580.95.05 -> unknown"),
        ({}, "nothing that is known"),
    ],
)
def test_a_drop_names_what_changed_since_the_last_good_run(rig, changed, told):
    rig.history(*STEADY)
    check = rig.verify(80.0, **changed)
    assert check.outcome == "fail"
    assert f"changed since the last good run: {told}" in check.evidence
    assert comparison(check)["change"] == told


def test_cuda_is_named(rig):
    rig.history(*STEADY)
    cuda = {"build": "13.1", "is_available": True, "device_count": 1, "names": [GPU], "error": None}
    assert "CUDA 13.0 -> 13.1" in rig.verify(80.0, cuda=cuda).evidence


def test_a_new_driver_that_is_as_fast_passes_and_is_told(rig):
    rig.history(*STEADY)
    check = rig.verify(99.0, facts={"nvidia_driver": "590.1"})
    assert check.outcome == "pass"
    assert "driver 580.95.05 -> 590.1" in check.evidence


def test_a_slow_old_driver_hides_no_drop_from_a_fast_new_one(rig):
    rig.history(*[100.0] * 20)
    fast = {"nvidia_driver": "590.1"}
    rig.history(*[140.0] * 5, facts=fast)
    assert rig.verify(105.0, facts=fast).outcome == "fail"
    check = rig.verify(105.0, facts={"nvidia_driver": "600.1"})
    assert check.outcome == "fail"
    assert "driver 590.1 -> 600.1" in check.evidence


def test_a_driver_that_is_taken_back_is_compared_with_its_own_runs(rig):
    rig.history(*[100.0] * 5)
    rig.history(*[140.0] * 6, facts={"nvidia_driver": "590.1"})
    check = rig.verify(100.0)
    assert check.outcome == "pass"
    assert "driver 590.1 -> 580.95.05" in check.evidence
    assert rig.verify(80.0).outcome == "fail"


def test_an_accepted_baseline_is_what_later_runs_are_compared_with(rig):
    rig.history(*STEADY)
    accepted = rig.verify(50.0, accepts=True)
    assert accepted.outcome == "pass", "the other number of the run is as before"
    assert "accepted as the new baseline: 50 1/s, before 100 1/s" in accepted.evidence
    assert comparison(accepted)["outcome"] == "skip"
    rig.history(50.0, 51.0, 49.0, 50.0)
    assert rig.verify(50.0).outcome == "pass"
    assert rig.verify(40.0).outcome == "fail"


def test_the_last_accepted_baseline_counts(rig):
    rig.history(*STEADY)
    rig.verify(50.0, accepts=True)
    rig.history(*[50.0] * 5)
    rig.verify(30.0, accepts=True)
    assert "no verdict yet: 1 of 5" in comparison(rig.verify(31.0))["reason"]


def test_a_driver_explains_nothing_of_the_cpu(rig):
    rig.history(*STEADY, device="cpu", cuda=None)
    check = rig.verify(50.0, device="cpu", cuda=None, facts={"nvidia_driver": "590.1"})
    assert "nothing that is known" in check.evidence


def test_other_hardware_has_a_history_of_its_own_and_that_is_said(rig):
    rig.history(*STEADY)
    cuda = {"build": "13.0", "is_available": True, "device_count": 1, "error": None,
            "names": ["NVIDIA GeForce RTX 4060"]}  # fmt: skip
    check = rig.verify(40.0, cuda=cuda)
    assert check.outcome == "not applicable"
    assert f"the run before was on other hardware: 1 x {GPU}" in check.evidence
    assert rig.verify(100.0).outcome == "pass", "the first card's history is still there"


@pytest.mark.parametrize("about", [{"profile": "acceptance"}, {"framework": "jax"}])
def test_what_is_another_test_is_compared_with_nothing(rig, about):
    rig.history(*STEADY)
    assert rig.verify(10.0, **about).outcome == "not applicable"


def test_burns_of_different_lengths_are_not_compared(rig):
    """A longer burn is hotter, and so slower: that is no drop."""
    long = {"profile": "acceptance", "burn_minutes": 10.0}
    rig.history(*STEADY, profile="acceptance", burn_minutes=1.0)
    first = rig.verify(50.0, **long)
    assert first.outcome == "not applicable"
    assert "0 of 5 earlier values" in first.evidence
    assert rig.verify(50.0, profile="acceptance", burn_minutes=1).outcome == "fail"
    rig.history(*[50.0] * 4, **long)
    assert rig.verify(50.0, **long).outcome == "pass"


def test_a_burn_of_unknown_length_in_an_old_history_is_compared_with_none_that_is_known(rig):
    rig.history(*STEADY, profile="acceptance")
    lines = [json.loads(line) for line in rig.path.read_text().splitlines()]
    for line in lines:
        del line["runs"][0]["burn_minutes"]
    rig.path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (check,) = rig.checks(50.0, profile="acceptance", burn_minutes=5.0)
    assert check.outcome == "not applicable"


def test_a_clock_that_jumped_changes_nothing(rig):
    rig.history(*STEADY, when="2031-01-01T00:00:00Z")
    fast = {"nvidia_driver": "590.1"}
    rig.history(*[140.0] * 5, when="1970-01-01T00:00:00Z", facts=fast)
    check = rig.verify(100.0, when="1969-01-01T00:00:00Z", facts={"nvidia_driver": "600.1"})
    assert "driver 590.1 -> 600.1" in check.evidence
    assert [line["sequence"] for line in rig.lines] == list(range(1, 11))


def test_a_number_that_is_none_any_more_fails(rig):
    rig.history(*STEADY)
    check = rig.verify(None)
    assert check.outcome == "fail"
    assert "it is not a finite number" in check.evidence


def test_a_number_that_is_missing_is_told_and_passes_nothing(rig):
    rig.history(*STEADY)
    (case,) = _cases()
    case["measurements"] = case["measurements"][1:]
    check = rig.verify(cases=[case])
    assert "it was not measured now, and was 99.5 1/s before" in check.evidence
    assert comparison(check)["outcome"] == "skip"


def test_a_number_in_another_unit_is_another_number(rig):
    rig.history(*STEADY)
    (case,) = _cases()
    case["measurements"][0] |= {"unit": "k/s", "value": 0.1}
    assert comparison(rig.verify(cases=[case]))["reason"].startswith("no verdict yet: 0 of 5")


def test_a_slow_creep_is_found_though_no_step_is_a_drop(rig):
    outcomes = []
    rate = 100.0
    for _ in range(60):
        outcomes.append(rig.verify(rate).outcome)
        rate *= 0.99
    assert outcomes[:5] == ["not applicable"] * 5
    assert outcomes[5:20] == ["pass"] * 15
    assert outcomes[-1] == "fail"
    assert min(rig.rates) > 75, "it went down, by a quarter, before anybody was told"


def test_a_share_is_told_without_a_unit(rig):
    def case(share: float):
        (one,) = _cases()
        name = {"name": "accuracy", "value": share, "unit": "1", "better": "higher"}
        return [{**one, "measurements": [name]}]

    for _ in range(5):
        rig.verify(cases=case(0.97))
    assert "cnn: accuracy: 0.5, before 0.97 (median of 5;" in rig.verify(cases=case(0.5)).evidence


def test_what_takes_milliseconds_may_vary_more(rig):
    def case(milliseconds: float):
        (one,) = _cases()
        name = {"name": "one prediction", "value": milliseconds, "unit": "ms", "better": "lower"}
        return [{**one, "name": "service", "measurements": [name]}]

    for milliseconds in (5.8, 6.0, 5.9, 6.1, 6.0):
        rig.verify(cases=case(milliseconds))
    assert rig.verify(cases=case(14.6)).outcome == "pass"
    assert rig.verify(cases=case(60.0)).outcome == "fail"


def test_certificates_understand_what_the_check_carries(rig):
    rig.history(*STEADY)
    for rate in (100.0, 50.0):
        check = rig.verify(rate)
        found, problems = read_comparisons(check.data, check.environment)
        assert problems == ()
        assert [one.outcome for one in found if one.test == RATE] == [check.outcome]
        assert all(one.environment == "torch" for one in found)


def _cases(step: float = 1.5):
    (case,) = document()["cases"]
    case["measurements"][1]["value"] = step
    return [case]
