"""The documented rows are those of this run."""

import pytest

from tests.contract.backup_faults.rows import FAULTS, PAGE, seen


def test_the_page_has_the_rows_that_were_seen():
    """Run all of this directory for it; `python -m tests.contract.backup_faults.rows` writes it."""
    found = {row.fault: row.line() for row in seen()}
    if set(found) != set(FAULTS):
        pytest.skip(f"not all faults were run: {', '.join(set(FAULTS) - set(found))}")
    assert PAGE.lines() == tuple(found[fault] for fault in FAULTS)
