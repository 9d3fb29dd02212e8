"""Reports of ``inspect``: written and read, stored, on a screen of any width, as XML and page."""

import io
import json
from itertools import chain, combinations
from xml.etree import ElementTree

import pytest
from rich.cells import cell_len
from rich.console import Console

from deeprig.audit.inspection import HostInspection
from deeprig.errors import ExitCode
from deeprig.report import exit_codes, html, junit, store
from deeprig.report.terminal import render
from tests.unit.audit import described_hosts as hosts
from tests.unit.audit import inspections
from tests.unit.audit.inspections import BROKEN, GONE, STOPPED, report


def everything():
    graded = (inspections.laptop(), inspections.no_gpu(), inspections.four_cards())
    return report(*graded, GONE, BROKEN, exit_code=1)


def shown(inspection, *, width=80, terminal=False, verbose=False):
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=terminal, color_system=None)
    render(inspection, console, verbose=verbose)
    return stream.getvalue()


def test_it_is_stored_and_read_without_loss(tmp_path):
    path = store.save(everything(), tmp_path)
    assert path.name == "20261121T120000Z-inspect.json"
    assert store.newest(tmp_path, "inspect") == path
    assert store.load(path) == everything()
    document = json.loads(path.read_text())
    assert (document["schema"], document["command"]) == ("deeprig.inspect/1", "inspect")
    assert document["hosts"][0]["facts"]["schema"] == "deeprig.hardware/1"
    assert document["hosts"][2]["declared"]["psu_watts"] == 2000


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"schema": "deeprig.inspect/2"}, "unknown schema"),
        ({"command": "verify"}, "unknown schema"),
        ({"hosts": [{"host": "x", "status": "graded"}]}, "contradicts"),
        ({"hosts": [{"host": "x", "status": "fine"}]}, "must be 'graded' or 'failed'"),
        ({"more": 1}, "more: unknown key"),
    ],
    ids=str,
)
def test_a_report_that_does_not_fit_is_refused(change, told):
    with pytest.raises(ValueError, match=told):
        store.from_json(everything().to_json() | change)


def test_an_audit_belongs_to_a_graded_host_and_to_no_other():
    audit = inspections.laptop().audit
    with pytest.raises(ValueError, match="contradicts"):
        HostInspection("x", "unreachable", audit=audit)
    with pytest.raises(ValueError, match="contradicts"):
        HostInspection("x", "graded")


#: The first that is among the hosts decides.
CODES = (
    ("broken", BROKEN, ExitCode.FAILED),
    ("stopped", STOPPED, ExitCode.FAILED),
    ("no gpu", inspections.no_gpu(), ExitCode.FAILED),
    ("gone", GONE, ExitCode.UNREACHABLE),
    ("laptop", inspections.laptop(), ExitCode.GOOD),
)


@pytest.mark.parametrize(
    "among",
    [*chain.from_iterable(combinations(CODES, n) for n in range(1, len(CODES) + 1))],
    ids=lambda among: "+".join(name for name, _, _ in among),
)
def test_the_exit_code_is_of_the_worst(among):
    whole = report(*(inspection for _, inspection, _ in among))
    assert exit_codes.of_inspection(whole) == among[0][2]


def test_nothing_inspected_is_no_success():
    assert exit_codes.of_inspection(report()) == ExitCode.FAILED


def test_several_hosts_stand_side_by_side():
    text = shown(everything())
    head = text.splitlines()[0].split()
    assert head == ["rule", "laptop", "no-gpu", "four-cards"]
    rows = {line.split("   ")[0].strip(): line for line in text.split("\n\n")[0].splitlines()}
    assert rows["gpu.present"].split() == ["gpu.present", "pass", "fail", "pass"]
    assert rows["pcie.lanes"].split() == ["pcie.lanes", "-", "-", "pass"]
    assert rows["for experiment"].split()[2:] == ["fits", "no", "fits"]
    assert rows["for research"].split()[2:] == ["fits,", "warn", "no", "fits,", "warn"]
    assert "cooling.passive" not in rows  # of no host
    assert rows["largest fp32 training"].split("   ")[-1].strip() == "1.6 billion"


def test_of_several_hosts_each_has_its_parts_and_remedies():
    text = shown(everything())
    assert "gpus: 4 x NVIDIA GeForce RTX 3090" in text
    assert "cooling.adjacent: warn: open-air, side by side" in text
    assert "Models that fit" not in text
    assert "Models that fit" in shown(everything(), verbose=True)


def test_hosts_that_were_not_graded_are_told_with_reason_and_remedy():
    text = shown(everything())
    assert "gone: unreachable: 192.0.2.9:22: no connection\n    -> is it on?" in text
    assert "broken: failed: there is no /usr/bin/python3\n    -> install it" in text
    assert text.endswith("3 of 5 hosts graded in 2.2 s; 1 rule fails\n")


def test_the_last_line_promises_nothing_where_nothing_was_graded():
    assert shown(report(GONE)).endswith("0 of 1 host graded in 2.2 s\n")
    assert shown(report(inspections.laptop())).endswith(
        "1 of 1 host graded in 2.2 s; no rule fails\n"
    )


def test_a_note_is_shown():
    noted = HostInspection(
        "rig1", "graded", note="read without root", audit=everything().hosts[0].audit
    )
    assert "rig1: read without root" in shown(report(noted))


def test_what_is_simulated_is_said_wherever_the_audit_is():
    document = hosts.rtx_4090_workstation() | {"simulated": "the GPU, by tests/sim"}
    whole = report(inspections.inspected("rig1", document))
    assert "simulated: the GPU, by tests/sim" in shown(whole)
    assert "the GPU, by tests/sim" in html.to_page(whole)
    assert whole.to_json()["hosts"][0]["audit"]["simulated"] == "the GPU, by tests/sim"
    assert "simulated" not in shown(report(inspections.laptop()))


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("width", [40, 60, 80, 132])
def test_no_line_is_wider_than_the_terminal(width, verbose):
    long_name = HostInspection(
        "a-host-with-a-long-name.example.org", "graded", audit=inspections.no_gpu().audit
    )
    whole = report(*everything().hosts, long_name)
    text = shown(whole, width=width, terminal=True, verbose=verbose)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "…" not in text


def test_hosts_that_have_no_room_beside_each_other_follow_below():
    named = [
        HostInspection(f"rig{n}", "graded", audit=inspections.laptop().audit) for n in range(1, 9)
    ]
    text = shown(report(*named), width=60, terminal=True)
    heads = [line.split()[1:] for line in text.splitlines() if line.startswith("rule ")]
    assert len(heads) > 1
    assert [name for head in heads for name in head] == [host.host for host in named]


def test_a_hundred_hosts_that_are_alike_have_one_column_and_the_odd_one_its_own():
    alike = [
        HostInspection(f"rig{n}", "graded", audit=inspections.laptop().audit) for n in range(1, 100)
    ]
    odd = inspections.inspected("odd", hosts.virtual_machine())
    gone = [HostInspection(f"off{n}", "unreachable", f"10.0.0.{n}:22: gone") for n in range(1, 12)]
    text = shown(report(*alike, odd, *gone))
    head = next(line for line in text.splitlines() if line.startswith("rule "))
    assert head.split() == ["rule", "rig[1-99]", "(99", "hosts)", "odd"]
    assert text.count(":22: gone") == 1
    assert "off[1-11] (11 hosts): unreachable" in text
    assert "100 of 111 hosts graded" in text


def test_junit_has_a_case_for_each_rule_and_unknown_is_no_pass():
    root = ElementTree.fromstring(junit.to_xml(everything()))  # noqa: S314 - our own XML
    cases = {(c.get("classname"), c.get("name")): c for c in root.iter("testcase")}
    assert cases["no-gpu.gpu", "gpu.present"].find("failure") is not None
    assert cases["no-gpu.gpu", "gpu.count"].find("skipped") is not None
    assert cases["laptop.network", "network.wired"].find("failure") is None
    assert cases["gone", "the host can be inspected"].find("error") is not None
    guest = report(inspections.inspected("guest", hosts.virtual_machine()))
    unknown = ElementTree.fromstring(junit.to_xml(guest)).find(".//testcase[@name='cpu.clock']")  # noqa: S314
    assert unknown.find("skipped").get("type") == "cannot be told"


def test_the_page_tells_parts_verdicts_rules_and_sizes():
    page = html.to_page(everything())
    assert "3 graded" in page
    assert "4 x NVIDIA GeForce RTX 3090" in page
    assert "fits with warnings" in page
    assert "→ add an NVIDIA GPU" in page
    assert "24.0 GiB / 16 B = 1.6 billion parameters" in page
    assert "192.0.2.9:22: no connection" in page


def test_unknown_is_not_shown_as_a_failure_on_the_page():
    page = html.to_page(report(inspections.inspected("guest", hosts.virtual_machine())))
    assert '<td class="outcome change">unknown</td>' in page
    assert '<td class="outcome bad">fail</td>' in page


def test_what_a_host_put_into_a_name_is_escaped_on_the_page():
    document = hosts.rtx_4090_workstation()
    document["gpus"][0]["name"] = "<script>alert(1)</script>\x1b[2J"
    page = html.to_page(report(inspections.inspected("rig1", document)))
    assert "<script>" not in page
    assert "\x1b" not in page
