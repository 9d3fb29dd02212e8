"""What the tools said in real runs, and in runs that must not count."""

import json

import pytest

from benchmarks.fleet.answers import (
    ansible_problem,
    deeprig_problem,
    deeprig_round_trips,
    pyinfra_problem,
)

PYINFRA = "    Unit         2       -     -     2\n    Grand total  92      {}    {}    {}\n"
ANSIBLE = (
    "PLAY RECAP ***\nrig1   : ok=7    changed={}    unreachable={}    failed={}    skipped=0\n"
)


@pytest.mark.parametrize(
    ("numbers", "may_change", "expected"),
    [
        (("-", "-", "92"), False, None),
        (("92", "-", "-"), True, None),
        (("1", "-", "91"), False, "0 failed, 1 changed"),
        (("-", "1", "91"), True, "1 failed, 0 changed"),
        (("-", "-", "90"), False, "90 of 92 done"),
        (("-", "-", "-"), False, "0 of 92 done"),
    ],
)
def test_pyinfra_is_judged_by_its_total(numbers, may_change, expected):
    assert pyinfra_problem(PYINFRA.format(*numbers), 2, may_change=may_change) == expected


def test_pyinfra_without_a_total_counts_for_nothing():
    assert pyinfra_problem("No hosts remaining!", 2, may_change=False) == (
        "no total: No hosts remaining!"
    )


def test_colours_do_not_hide_a_total():
    text = "\x1b[1mGrand total\x1b[0m      46      \x1b[32m-\x1b[0m   -   46"
    assert pyinfra_problem(text, 1, may_change=False) is None


@pytest.mark.parametrize(
    ("numbers", "hosts", "may_change", "expected"),
    [
        ((0, 0, 0), 1, False, None),
        ((3, 0, 0), 1, True, None),
        ((3, 0, 0), 1, False, "0 failed, 3 changed"),
        ((0, 1, 0), 1, True, "1 failed, 0 changed"),
        ((0, 0, 1), 1, True, "1 failed, 0 changed"),
    ],
)
def test_ansible_is_judged_by_its_recap(numbers, hosts, may_change, expected):
    assert ansible_problem(ANSIBLE.format(*numbers), hosts, may_change=may_change) == expected


def test_ansible_must_tell_of_every_host():
    told = ansible_problem(ANSIBLE.format(0, 0, 0), 2, may_change=False)
    assert told is not None
    assert told.startswith("a recap of 1 hosts")


def _report(status="ok", *operations):
    run = {"host": "rig1", "status": status, "operations": []}
    run["operations"] = [{"role": "base", "name": "X", "status": o} for o in operations]
    return json.dumps({"hosts": [run]})


@pytest.mark.parametrize(
    ("report", "may_change", "expected"),
    [
        (_report("ok", "unchanged", "unchanged"), False, None),
        (_report("ok", "changed"), True, None),
        (_report("ok", "changed", "unchanged"), False, "1 changed, the first is base: X"),
        (_report("failed", "unchanged"), True, "1 hosts, of which 1 not ok"),
        (_report("ok"), False, "nothing was done"),
        ("deeprig: the inventory has 1 problem", False, "no report: deeprig: the inventory has 1"),
    ],
)
def test_deeprig_is_judged_by_its_report(report, may_change, expected):
    told = deeprig_problem(report, 1, may_change=may_change)
    assert (told or "").startswith(expected or "")
    assert (told is None) == (expected is None)


def test_a_host_that_is_missing_in_the_report_is_a_problem():
    told = deeprig_problem(_report("ok", "unchanged"), 2, may_change=False)
    assert told == "1 hosts, of which 0 not ok"


def test_round_trips_are_those_of_the_host_with_most():
    hosts = [{"round_trips": 4}, {"round_trips": 9}, {"round_trips": None}, {}]
    assert deeprig_round_trips(json.dumps({"hosts": hosts})) == 9
    assert deeprig_round_trips(json.dumps({"hosts": [{}]})) is None
