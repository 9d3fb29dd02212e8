"""Moves and notes of operations, in every form of a report: text, HTML, JUnit."""

import io

import pytest
from rich.console import Console

from deeprig.report import html, junit, terminal
from deeprig.report.model import HostRun, VersionMove
from tests.unit.report.samples import operation, run_report

MOVES = (
    VersionMove("NVIDIA driver", "570.195.03", "580.159.04"),
    VersionMove("cuda-toolkit-13-0", "", "13.0.3-1"),
    VersionMove("cuda-toolkit-12-6", "12.6.3-1", ""),
)
NOTES = ("wanted is branch 580", "<b>open</b> kernel modules")


def report(command="update", status="changed"):
    change = operation(status, "Change the driver", moves=MOVES, notes=NOTES)
    return run_report(HostRun("rig1", "ok", operations=(change,)), command=command)


def text_of(shown, *, verbose=False, width=100):
    console = Console(file=io.StringIO(), width=width)
    terminal.render(shown, console, verbose=verbose)
    return console.file.getvalue()


def test_the_screen_has_a_table_of_what_goes_from_which_version_to_which():
    rows = [line.split() for line in text_of(report()).splitlines()]
    assert ["host", "what", "from", "to"] in rows
    assert ["rig1", "NVIDIA", "driver", "570.195.03", "580.159.04"] in rows
    assert ["rig1", "cuda-toolkit-13-0", "-", "13.0.3-1"] in rows
    assert ["rig1", "cuda-toolkit-12-6", "12.6.3-1", "removed"] in rows


def test_a_report_without_moves_has_no_such_table():
    shown = run_report(HostRun("rig1", "ok", operations=(operation("changed"),)))
    assert "from" not in text_of(shown)


def test_reasons_are_in_plans_and_in_verbose_reports_as_they_are_written():
    for shown in (
        text_of(report("plan", "would change")),
        text_of(report("plan", "unchanged")),
        text_of(report(), verbose=True),
    ):
        for note in NOTES:
            assert note in shown
    assert NOTES[0] not in text_of(report()), "an apply that went well needs no reasons"


@pytest.mark.parametrize("width", [40, 60])
def test_a_narrow_screen_loses_nothing(width):
    shown = text_of(report(), width=width).replace("\n", "").replace(" ", "")
    for move in MOVES:
        for part in (move.before, move.after):
            assert all(piece in shown for piece in part.split("."))


def test_html_and_junit_have_moves_and_reasons():
    page = html.to_page(report())
    assert "NVIDIA driver: 570.195.03 &rarr; 580.159.04" in page
    assert "&lt;b&gt;open&lt;/b&gt; kernel modules" in page
    document = junit.to_xml(report())
    assert "NVIDIA driver: 570.195.03 -&gt; 580.159.04" in document
    assert "cuda-toolkit-12-6: 12.6.3-1 -&gt; removed" in document
