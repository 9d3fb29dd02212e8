"""Numbers of a foreign JSON: what cannot be counted with is none, and raises nothing."""

import json

import pytest

from deeprig.report.decode import decode
from deeprig.report.model import CheckResult
from deeprig.report.numbers import finite_number


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0.0), ("-3", -3.0), ("2.5", 2.5), ("1e308", 1e308), ("1" + "0" * 308, 1e308)],
)
def test_a_number_is_a_float(text, number):
    found = finite_number(json.loads(text))
    assert found == number
    assert type(found) is float


@pytest.mark.parametrize(
    "text",
    [
        *("1" + "0" * 400, "-1" + "0" * 400, "1e999", "-1e999", "NaN", "Infinity"),
        *("true", "false", "null", '"1"', "[1]", "{}"),
    ],
)
def test_what_nobody_can_count_with_is_no_number(text):
    assert finite_number(json.loads(text)) is None


@pytest.mark.parametrize("seconds", [10**400, float("inf"), float("nan"), True])
def test_a_report_with_such_a_number_does_not_fit(seconds):
    row = {"host": "a", "role": "conda", "name": "x", "outcome": "pass", "seconds": seconds}
    with pytest.raises(ValueError, match="seconds: must be a number"):
        decode(CheckResult, row)
