"""Limits: each one fails alone, and what is no number never passes."""

import math

import pytest
from deeprig_host.training.evaluation import LIMITS, evaluate, loss_ratio

GOOD = {"loss_ratio": 0.02, "accuracy": 0.97, "macro_recall": 0.97, "macro_f1": 0.97}


def failed(metrics):
    return [check.name for check in evaluate(metrics, LIMITS) if not check.is_good]


def test_good_metrics_pass():
    assert failed(GOOD) == []


@pytest.mark.parametrize(
    ("metric", "value", "name"),
    [
        ("loss_ratio", 0.2, "loss falls"),  # "below 0.2" does not include 0.2
        ("accuracy", 0.9299, "accuracy"),
        ("macro_recall", 0.9299, "macro recall"),
        ("macro_f1", 0.9299, "macro F1"),
    ],
)
def test_each_limit_fails_alone(metric, value, name):
    assert failed(GOOD | {metric: value}) == [name]


def test_at_least_includes_the_bound():
    assert failed(GOOD | {"accuracy": 0.93}) == []


@pytest.mark.parametrize("metric", list(GOOD))
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_fails(metric, value):
    assert len(failed(GOOD | {metric: value})) == 1


def test_a_metric_that_was_not_measured_is_an_error():
    with pytest.raises(KeyError, match="accuracy"):
        evaluate({"loss_ratio": 0.1}, LIMITS)


def test_a_check_says_what_was_expected_and_what_was_seen():
    loss, accuracy, *_ = evaluate(GOOD | {"loss_ratio": 0.5}, LIMITS)
    assert (loss.expected, loss.actual) == ("final/initial < 0.2", "0.5000")
    assert (accuracy.expected, accuracy.actual) == (">= 0.93", "0.9700")


@pytest.mark.parametrize("losses", [(), (0.0, 0.0), (-1.0, -2.0), (math.nan, 0.1)])
def test_an_initial_loss_that_says_nothing_never_gives_a_good_ratio(losses):
    assert loss_ratio(losses) == math.inf


def test_the_ratio_is_last_over_first():
    assert loss_ratio((2.0, 9.0, 0.5)) == 0.25
