"""Hosts are compared key by key; what is unknown is equal to nothing."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from rich.console import Console

from deeprig.errors import DeeprigError, ExitCode, UsageProblem
from deeprig.fleet import diff_lab, junit
from deeprig.fleet.compare import compare
from deeprig.fleet.exit_code import exit_code_of
from deeprig.fleet.model import Difference, FleetReport, HostState, Skipped, Unread, Variant
from deeprig.fleet.show import show_fleet
from deeprig.fleet.state import Asked, Snapshot, read_state
from deeprig.report.screen import Screen

NAMES = [f"gpu{n:02d}" for n in range(1, 11)]


def host(name, values=None, unread=(), skipped=()):
    values = {"packages": {"curl": "7", "less": "590"}} if values is None else values
    entries = tuple(Unread(name, section, key, "because") for section, key in unread)
    return Snapshot(name, values, entries, tuple(Skipped(name, one, "no") for one in skipped))


def fleet(**odd):
    return [odd.get(name, host(name)) for name in NAMES]


def test_equal_hosts_have_no_difference_and_every_key_was_compared():
    found = compare(fleet())
    assert (found.differences, found.compared) == ((), 2)


def test_the_majority_is_told_and_the_odd_one_out():
    odd = host("gpu07", {"packages": {"curl": "8", "less": "590"}})
    (difference,) = compare(fleet(gpu07=odd)).differences
    others = tuple(name for name in NAMES if name != "gpu07")
    assert difference == Difference(
        "packages", "curl", Variant("7", others), (Variant("8", ("gpu07",)),)
    )


def test_what_is_not_there_differs_from_what_is():
    odd = host("gpu07", {"packages": {"curl": "7"}})
    (difference,) = compare(fleet(gpu07=odd)).differences
    assert difference.key == "less"
    assert difference.others == (Variant(None, ("gpu07",)),)


def test_what_one_host_has_alone_is_a_difference():
    odd = host("gpu07", {"packages": {"curl": "7", "less": "590", "nmap": "7.9"}})
    (difference,) = compare(fleet(gpu07=odd)).differences
    assert difference.common.value is None
    assert difference.others == (Variant("7.9", ("gpu07",)),)


def test_without_a_majority_there_is_no_common_value():
    hosts = [host("a", {"os": {"id": "debian"}}), host("b", {"os": {"id": "ubuntu"}})]
    (difference,) = compare(hosts).differences
    assert difference.common is None
    assert [one.value for one in difference.others] == ["debian", "ubuntu"]


def test_against_a_host_that_host_is_what_the_others_differ_from():
    odd = host("gpu07", {"packages": {"curl": "8", "less": "590"}})
    (difference,) = compare(fleet(gpu07=odd), against="gpu07").differences
    assert difference.common == Variant("8", ("gpu07",))
    assert len(difference.others[0].hosts) == 9


def test_unknown_is_neither_equal_nor_different():
    lost = host("gpu07", {"packages": {"less": "590"}}, unread=[("packages", "curl")])
    assert compare(fleet(gpu07=lost)).differences == ()
    odd = host("gpu01", {"packages": {"curl": "8", "less": "590"}})
    (difference,) = compare(fleet(gpu07=lost, gpu01=odd)).differences
    assert difference.unknown == ("gpu07",)
    assert len(difference.common.hosts) == 8


def test_of_a_section_that_is_unknown_no_key_is_compared():
    lost = host("gpu07", {"packages": {}}, unread=[("packages", "")])
    assert compare(fleet(gpu07=lost)).differences == ()


def test_a_key_that_nobody_could_read_is_compared_and_no_difference():
    hosts = [host(name, {"clock": {}}, unread=[("clock", "offset")]) for name in NAMES]
    found = compare(hosts)
    assert (found.differences, found.compared) == ((), 1)


def test_what_does_not_apply_to_a_host_is_no_difference():
    values = {"packages": {"curl": "7", "less": "590"}, "hardware": {"CPU": "x"}}
    hosts = [host(name, values) for name in NAMES[:9]]
    container = host("gpu10", values | {"hardware": {}}, skipped=["hardware"])
    assert compare([*hosts, container]).differences == ()


@pytest.mark.parametrize(
    ("ignored", "left"),
    [
        ((), {"curl", "less"}),
        (("packages",), set()),
        (("packages:cu*",), {"less"}),
        (("pack*:less",), {"curl"}),
        (("files:curl",), {"curl", "less"}),
    ],
)
def test_what_is_ignored_is_left_out(ignored, left):
    odd = host("gpu07", {"packages": {}})
    found = compare(fleet(gpu07=odd), ignored=ignored)
    assert {one.key for one in found.differences} == left
    assert found.compared == len(left)


def report(snapshots, **more):
    found = compare(snapshots)
    states = tuple(HostState(one.host, "read") for one in snapshots)
    whole = FleetReport(
        *("2026-11-22T00:00:00Z", "2026-11-22T00:00:09Z", 9.0, "0", "lab.py"),
        sections=("packages", "files"),
        against=None,
        ignored=(),
        compared=found.compared,
        hosts=states,
        differences=found.differences,
        unread=tuple(entry for one in snapshots for entry in one.unread),
    )
    return replace(whole, **more)


ODD = host("gpu07", {"packages": {"curl": "8", "less": "590"}})
#: Nine of ten hosts have no packages: so one of them alone is compared with nobody.
NOT_FOR_MOST = tuple(Skipped(name, "packages", "no") for name in NAMES[1:])
LOST = host("gpu08", {"packages": {"curl": "7", "less": "590"}}, unread=[("files", "/etc/x")])


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (report(fleet()), ExitCode.GOOD),
        (report(fleet(gpu07=ODD)), ExitCode.CHANGES_PENDING),
        (report(fleet(gpu08=LOST)), ExitCode.FAILED),
        (report(fleet(gpu07=ODD, gpu08=LOST)), ExitCode.FAILED),
        (report(fleet(), hosts=(HostState("a", "unreachable"),)), ExitCode.UNREACHABLE),
        (report(fleet(gpu07=ODD), hosts=(HostState("a", "unreachable"),)), ExitCode.UNREACHABLE),
        (report(fleet(), hosts=(HostState("a", "failed"),)), ExitCode.FAILED),
        (report(fleet(), hosts=(HostState("a", "interrupted"),)), ExitCode.FAILED),
        (report(fleet(), ignored=("*",)), ExitCode.FAILED),
        (report(fleet(), ignored=("packages", "files:*")), ExitCode.FAILED),
        (report(fleet(), ignored=("packages",)), ExitCode.GOOD),
        (report(fleet(), skipped=NOT_FOR_MOST), ExitCode.GOOD),  # files were compared
        (report(fleet(), skipped=NOT_FOR_MOST, sections=("packages",)), ExitCode.FAILED),
        (report(fleet(), skipped=NOT_FOR_MOST[1:], sections=("packages",)), ExitCode.GOOD),
        # Two hosts that have no toolkit are alike.
        (report([host(n, {"cuda": {}}) for n in NAMES], sections=("cuda",)), ExitCode.GOOD),
    ],
)
def test_the_exit_code_is_of_the_worst(made, code):
    assert exit_code_of(made) == code


def shown(made, *, width=None, verbose=False):
    page = io.StringIO()
    is_terminal = width is not None
    console = Console(
        file=page, force_terminal=is_terminal, width=width or 10_000, color_system=None
    )
    show_fleet(made, Screen(console), verbose=verbose)
    return page.getvalue()


def test_differences_of_the_same_hosts_are_shown_together():
    odd = host("gpu07", {"packages": {f"p{n:02d}": "1" for n in range(40)}})
    text = shown(report(fleet(gpu07=odd)))
    assert text.count("gpu07 unlike gpu[01-06,08-10] (9 hosts)") == 1
    assert "and 27 more; -v shows all" in text
    assert "p39" in shown(report(fleet(gpu07=odd)), verbose=True)
    assert "10 of 10 hosts, 42 keys compared: 42 differ (packages 42); 9.0 s" in text


def test_what_could_not_be_read_is_shown_with_its_reason():
    text = shown(report(fleet(gpu08=LOST, gpu09=replace(LOST, host="gpu09"))))
    assert "gpu08: files: /etc/x is unknown: because" in text
    assert "none differs, 2 could not be read" in text


@pytest.mark.parametrize("width", [40, 60, 100])
def test_a_narrow_terminal_shows_all_of_it(width):
    long = {"packages": {"curl": "x" * 90, "less": "590"}}
    text = shown(report(fleet(gpu07=host("gpu07", long))), width=width)
    assert all(len(line) <= width for line in text.splitlines())
    assert "x" * 90 in "".join(text.split())


def test_many_variants_are_listed_below_their_key():
    hosts = [host(name, {"packages": {"curl": name}}) for name in NAMES[:5]]
    text = shown(report(hosts))
    assert "no majority: gpu01 / gpu02 / gpu03 / gpu04 / gpu05" in text
    assert "gpu05: gpu05" in text


def test_what_is_every_hosts_own_does_not_fill_the_screen():
    hosts = [host(name, {"packages": {"curl": name}}) for name in NAMES]
    text = shown(report(hosts))
    assert "10 hosts in 10 ways" in text
    assert "and 4 more values; -v shows all" in text
    assert "gpu10: gpu10" in shown(report(hosts), verbose=True)


def test_the_json_has_every_host_and_difference():
    told = json.loads(json.dumps(report(fleet(gpu07=ODD)).to_json()))
    assert (told["schema"], told["command"]) == ("deeprig.diff-fleet/1", "diff-fleet")
    assert [one["host"] for one in told["hosts"]] == NAMES
    (difference,) = told["differences"]
    assert difference["others"] == [{"value": "8", "hosts": ["gpu07"]}]


def test_junit_has_differences_as_failures_and_what_is_unknown_as_errors():
    made = report(fleet(gpu07=ODD, gpu08=LOST))
    gone = HostState("gone", "unreachable", "no connection", "is it on?")
    made = replace(made, hosts=(*made.hosts, gone))
    root = ElementTree.fromstring(junit.to_xml(made))  # noqa: S314 - our own XML
    counts = {name: root.get(name) for name in ("tests", "failures", "errors")}
    assert counts == {"tests": "13", "failures": "1", "errors": "2"}
    cases = {(c.get("classname"), c.get("name")): c for c in root.iter("testcase")}
    failure = cases["fleet.packages", "curl"].find("failure")
    assert "gpu07: 8" in failure.text
    assert cases["fleet.files", "/etc/x on gpu08"].find("error") is not None
    assert cases["fleet.hosts", "gone"].find("error").text.startswith("unreachable")


def test_of_what_was_not_compared_it_is_not_told_that_it_is_alike():
    made = report(fleet(), ignored=("packages",))
    assert "none differs" in shown(made)
    root = ElementTree.fromstring(junit.to_xml(made))  # noqa: S314 - our own XML
    assert root.get("skipped") == "1"
    cases = {c.get("classname"): c for c in root.iter("testcase") if "alike" not in c.get("name")}
    assert cases["fleet.packages"].find("skipped").get("message").startswith("it is ignored")
    assert "nothing was compared" in shown(report(fleet(), ignored=("*",)))


@pytest.mark.parametrize(
    ("sections", "ignored"),
    [((), ("*",)), (("packages",), ("packages",)), (("os", "cuda"), ("os:*", "cu*"))],
)
def test_a_comparison_of_nothing_is_refused_before_anybody_is_asked(sections, ignored):
    lab = SimpleNamespace(path="lab.py")
    hosts = tuple(SimpleNamespace(name=name) for name in NAMES)
    with pytest.raises(UsageProblem, match="nothing is left to compare"):
        diff_lab._check(hosts, diff_lab.Wanted(sections, None, ignored), lab)
    diff_lab._check(hosts, diff_lab.Wanted((*sections, "units"), None, ("os", "cuda")), lab)


def test_junit_of_hosts_that_are_alike_passes():
    root = ElementTree.fromstring(junit.to_xml(report(fleet())))  # noqa: S314 - our own XML
    assert (root.get("failures"), root.get("errors")) == ("0", "0")
    names = [case.get("name") for case in root.iter("testcase")]
    assert names.count("the hosts are alike") == 2


def answer(**more):
    told = {
        "schema": "deeprig.fleet-state/1",
        "clock": {"started": 1000.0, "finished": 1000.5},
        "sections": {"clock": {}},
        "unknown": [],
        "skipped": [],
    }
    return json.dumps(told | more)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (Asked(999.9, 1000.6), "within 1 s"),
        (Asked(1000.9, 1001.6), "within 1 s"),
        (Asked(1060.0, 1060.7), "-60.1 s"),
        (Asked(939.9, 940.6), "+60.0 s"),
    ],
)
def test_a_clock_is_judged_by_what_question_and_answer_leave_possible(asked, told):
    said = read_state(answer(), "rig1", asked).values["clock"]["offset"]
    assert said.startswith(told)


def test_a_clock_of_a_slow_answer_is_unknown():
    snapshot = read_state(answer(), "rig1", Asked(970.0, 1001.0))
    assert "offset" not in snapshot.values["clock"]
    assert [(one.section, one.key) for one in snapshot.unread] == [("clock", "offset")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        answer(schema="deeprig.fleet-state/2"),
        answer(sections={"os": {"id": 3}}),
        answer(sections={"os": "debian"}),
        answer(unknown=[{"section": "os"}]),
        answer(clock={"started": "now", "finished": 1}),
        "[" * 100_000,
    ],
)
def test_an_answer_that_is_none_is_refused(text):
    with pytest.raises(DeeprigError, match="not a state"):
        read_state(text, "rig1", Asked(0.0, 1.0))
