"""What restic would forget, and snapshots of a clock that was wrong."""

import json

import pytest
from deeprig_host.backup.answer import Answer
from deeprig_host.backup.forgetting import Forecast, forecast_of
from deeprig_host.machine.refusal import Refused

NOW = 1_767_225_600.0  # 2026-01-01 00:00 UTC


def snapshot(name, time):
    return {"id": name * 8, "time": time, "hostname": "ws1"}


def forecast(*groups):
    return forecast_of(Answer("good", 0, (json.dumps(groups),)), NOW)


def test_what_would_go_is_counted_over_all_groups():
    old = snapshot("a", "2025-12-30T01:00:00.5+01:00")
    groups = {"keep": [old], "remove": [old, old]}, {"keep": [old], "remove": None}
    assert forecast(*groups) == Forecast(2, ())


def test_a_snapshot_of_the_future_is_named_whether_kept_or_removed():
    late = snapshot("b", "2027-03-01T01:02:03Z")
    assert forecast({"keep": [late], "remove": []}).future == ("bbbbbbbb of 2027-03-01 01:02",)
    assert forecast({"keep": None, "remove": [late]}).future == ("bbbbbbbb of 2027-03-01 01:02",)


def test_a_few_minutes_are_no_wrong_clock():
    assert forecast({"keep": [snapshot("c", "2026-01-01T00:04:59Z")], "remove": []}).future == ()


@pytest.mark.parametrize("text", ["", "{}x", '[{"keep": [{"id": 1}], "remove": []}]', "[1]"])
def test_an_answer_that_is_not_understood_forgets_nothing(text):
    with pytest.raises(Refused):
        forecast_of(Answer("good", 0, (text,)), NOW)


def test_no_snapshot_at_all_is_nothing_to_forget():
    assert forecast_of(Answer("good", 0, ("null",)), NOW) == Forecast(0, ())
