"""cooling.conf is read whole, or refused with file, line, reason and remedy."""

from pathlib import Path

import pytest
from deeprig_host.cooling.config import (
    BadConfiguration,
    parse_configuration,
    read_configuration,
)
from deeprig_host.cooling.curve import Curve
from deeprig_host.cooling.declared import Configuration, GpuSettings

CURVE = "curve = 30:30 50:40 70:70 85:100"
POINTS = Curve(((30, 30), (50, 40), (70, 70), (85, 100)))
UUID = "GPU-8f1d3c52-0f4e-4a8b-9f30-5a8d6f3b1c2e"


def problems(text):
    with pytest.raises(BadConfiguration) as refused:
        parse_configuration(text, "cooling.conf")
    return refused.value.problems


def test_the_smallest_file_has_every_default():
    assert parse_configuration(f"[defaults]\n{CURVE}\n", "c") == Configuration(GpuSettings(POINTS))


def test_every_setting_arrives_and_a_gpu_inherits_the_defaults():
    text = f"""
# written by deeprig
[cooling]
interval_seconds = 2.5
history_seconds = 30
[defaults]
{CURVE}
target_c = 70
hysteresis_c = 3
memory_limit_c = 95
power_limit_watts = 250
[gpu {UUID}]
target_c = 60
[gpu 00000000:0A:00.0]
mode = monitor
[gpu 3]
curve = 0:100
; the budget
[power]
budget_watts = 900
"""
    found = parse_configuration(text, "c")
    defaults = GpuSettings(POINTS, 70, 3, 95, "manual", 250)
    assert found.defaults == defaults
    assert (found.interval_seconds, found.history_seconds, found.budget_watts) == (2.5, 30, 900)
    of = found.settings_of
    assert of(UUID, "0000:01:00.0", 0) == GpuSettings(POINTS, 60, 3, 95, "manual", 250)
    assert of("GPU-x", "0000:0a:00.0", 1).mode == "monitor"
    assert of("GPU-x", "0000:0b:00.0", 3).curve == Curve(((0, 100),))
    assert of("GPU-x", "0000:0b:00.0", 4) == defaults


def test_the_uuid_goes_before_the_address_and_the_address_before_the_index():
    names = (UUID, "0000:01:00.0", "0")
    for first in range(3):
        sections = "".join(
            f"[gpu {name}]\ntarget_c = {60 + place}\n"
            for place, name in enumerate(names)
            if place >= first
        )
        found = parse_configuration(f"[defaults]\n{CURVE}\n{sections}", "c")
        assert found.settings_of(UUID, "0000:01:00.0", 0).target_c == 60 + first


@pytest.mark.parametrize(
    ("line", "reason", "remedy"),
    [
        ("curve = 30:50 60:40 85:100", "the curve falls, from 50 % at 30 C", "hotter card"),
        ("curve = 30:30 30:40 85:100", "30 C stands twice in the curve", "one point of the two"),
        ("curve = 50:30 40:40 85:100", "the temperatures fall, from 50 C to 40 C", "cold to hot"),
        ("curve = 30:0 90:0 95:100", "0 % at 90 C would stop the fan", "up to 50 C only"),
        ("curve = 30:30 85:120", "120 % at 85 C is not 0 to 100 %", "correct the percentage"),
        ("curve = 30:-5 85:100", "-5 % at 30 C is not 0 to 100 %", "correct the percentage"),
        ("curve = 30:30 85:90", "ends with 90 % at 85 C", "end the curve with 100 %"),
        ("curve = 30:30 185:100", "185 C is not a temperature", "correct the point"),
        ("curve = 30 85:100", "'30' is not a point of two whole numbers", "degrees C:percent"),
        ("curve = 30:30%", "'30:30%' is not a point", "degrees C:percent"),
        ("curve =", "the curve has no point", "give points"),
        (f"{CURVE}\ntarget = 70", "there is no setting target", "target_c"),
        (f"{CURVE}\ntarget_c = warm", "'warm' is not a number", "40 to 90 degrees C"),
        (f"{CURVE}\ntarget_c = 95", "95 is not within 40 to 90", "40 to 90 degrees C"),
        (f"{CURVE}\ntarget_c = 70.5", "70.5 is not a whole number", "whole number"),
        (f"{CURVE}\nhysteresis_c = nan", "'nan' is not a number", "0 to 20"),
        (f"{CURVE}\nmemory_limit_c = 50", "50 is not within 60 to 110", "60 to 110"),
        (f"{CURVE}\nmode = automatic", "'automatic' is not known", "manual, monitor"),
        (f"{CURVE}\npower_limit_watts = -1", "'-1' is not a number", "30 to 2000 watts"),
        (f"{CURVE}\n{CURVE}", "curve stands twice in [defaults], first in line 2", "one of the"),
        (f"{CURVE}\nhello", "'hello' is no setting", "KEY = VALUE"),
        (f"{CURVE}\n[fans]", "there is no section [fans]", "[cooling], [defaults]"),
        (f"{CURVE}\n[gpu]", "there is no section [gpu]", "UUID, a PCI address"),
        (f"{CURVE}\n[gpu first]", "there is no section [gpu first]", "UUID, a PCI address"),
        (f"{CURVE}\n[gpu GPU-1]", "there is no section [gpu GPU-1]", "UUID, a PCI address"),
        (f"{CURVE}\n[defaults]", "[defaults] stands twice, first in line 1", "one section"),
        (f"{CURVE}\n[gpu 1]\n[gpu 01]", "[gpu 01] stands twice, first in line 3", "one section"),
        (f"{CURVE}\n[cooling]\ninterval_seconds = 60", "60 is not within 1 to 10", "1 to 10"),
        (f"{CURVE}\n[power]\nbudget_watts = 1", "1 is not within 50 to 50000", "watts"),
        (f"{CURVE}\n[power]\ncurve = 1:100", "there is no setting curve", "budget_watts"),
    ],
)
def test_each_mistake_is_refused_at_its_line(line, reason, remedy):
    found = problems(f"[defaults]\n{line}\n")
    assert len(found) == 1, found
    # Every case is written so that its last line is the wrong one.
    assert found[0].place == f"cooling.conf:{1 + len(line.splitlines())}"
    assert reason in found[0].reason
    assert remedy in found[0].remedy
    assert str(found[0]).startswith("cooling.conf:")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "cooling.conf:1"),
        ("[defaults]\ntarget_c = 70\n", "cooling.conf:1"),
        ("[defaults]\nmode = monitor\n[gpu 0]\nmode = manual\n", "cooling.conf:3"),
    ],
)
def test_a_gpu_whose_fans_are_set_needs_a_curve(text, place):
    (found,) = problems(text)
    assert found.place == place
    assert "has no curve" in found.reason


def test_only_watching_needs_no_curve():
    assert parse_configuration("[defaults]\nmode = monitor\n", "c").defaults.curve is None


def test_every_problem_is_told_at_once_in_the_order_of_the_lines():
    found = problems("before = 1\n[defaults]\ncurve = 60:50 40:20 40:0\nx = 1\n[gpu z]\n")
    lines = [problem.place.rpartition(":")[2] for problem in found]
    assert lines == sorted(lines)
    assert set(lines) == {"1", "3", "4", "5"}
    assert lines.count("3") == 5  # falls in temperature and percent, twice 40, ends with 0


def test_a_file_that_is_not_there_or_not_text_is_told(tmp_path: Path):
    with pytest.raises(BadConfiguration, match="No such file"):
        read_configuration(tmp_path / "none.conf")
    (tmp_path / "bytes.conf").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadConfiguration, match="utf-8"):
        read_configuration(tmp_path / "bytes.conf")
