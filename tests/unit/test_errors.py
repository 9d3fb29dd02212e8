"""Errors show place, reason and remedy, on standard error, with their exit code."""

import click
import pytest
from click.testing import CliRunner

from deeprig.errors import DeeprigError, HostUnreachable, InventoryProblem, Problem, UsageProblem


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DeeprigError("broken"), 1),
        (UsageProblem("wrong"), 2),
        (InventoryProblem((Problem("a", "b"),)), 2),
        (HostUnreachable("gone"), 3),
    ],
)
def test_exit_codes(error, code):
    @click.command()
    def command():
        raise error

    result = CliRunner().invoke(command)
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr.startswith("deeprig: ")
    assert "Traceback" not in result.stderr


def test_a_problem_shows_place_reason_and_remedy():
    assert str(Problem("here", "it broke", "mend it")) == "here: it broke\n    -> mend it"


def test_an_inventory_problem_needs_a_problem():
    with pytest.raises(ValueError, match="at least one"):
        InventoryProblem(())
