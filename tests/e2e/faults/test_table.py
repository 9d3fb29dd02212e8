"""The page of faults has exactly the rows that the suite makes, as this run saw them.

Its name puts it after all others in the suite.
"""

from __future__ import annotations

import pytest

from tests.e2e.faults import rows
from tests.e2e.faults.catalogue import FAULTS


def test_the_page_has_a_row_of_every_fault():
    named = {tuple(line.split(" | ")[:2]) for line in rows.PAGE.lines()}
    wanted = {(f"| {fault}", seed or "-") for fault, seed in FAULTS}
    assert wanted - named == set(), "missing: run the suite, then python -m tests.e2e.faults.rows"
    assert named - wanted == set(), "on the page, and no fault of the suite"


def test_a_missing_row_is_seen(monkeypatch, tmp_path):
    """The check above can fail."""
    lines = rows.PAGE.lines()[1:]
    monkeypatch.setattr(type(rows.PAGE), "lines", lambda page: lines)
    with pytest.raises(AssertionError, match="missing"):
        test_the_page_has_a_row_of_every_fault()


def test_the_page_shows_what_this_run_saw():
    """The documented rows are those of this run."""
    if not rows.seen():
        pytest.skip("no fault was run")
    lines = rows.PAGE.lines()
    assert [row.line() for row in rows.seen() if row.line() not in lines] == []


@pytest.mark.full
def test_a_whole_run_makes_every_fault(request):
    """Each fault of the catalogue was made, and proven mended, by this very run."""
    is_part = any(":" in name or name.endswith(".py") for name in request.config.args)
    if is_part or request.config.getoption("keyword"):
        pytest.skip("only a part of the suite was asked for")
    assert {(row.fault, row.seed) for row in rows.seen()} == {*FAULTS}
