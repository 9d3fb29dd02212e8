"""The end of a command: every step is taken, every failure told, and the code says the worst."""

import click
import pytest

from deeprig.cli.closing import close_and_exit
from deeprig.errors import DeeprigError, ExitCode


def exit_code(code, *steps):
    with pytest.raises(click.exceptions.Exit) as raised:
        close_and_exit(code, *steps)
    return raised.value.exit_code


def failing(reason):
    def step():
        raise DeeprigError(reason, place="a place", remedy="a remedy")

    return step


@pytest.mark.parametrize("code", list(ExitCode))
def test_the_code_of_the_report_is_the_codes_of_the_command(code):
    assert exit_code(code, lambda: None) == code


def test_a_step_that_fails_stops_no_other_and_is_told(capsys):
    taken = []
    code = exit_code(
        ExitCode.GOOD, failing("no paper"), lambda: taken.append(1), failing("no room")
    )
    assert (code, taken) == (ExitCode.FAILED, [1])
    told = capsys.readouterr().err
    assert told.index("no paper") < told.index("no room")
    assert told.count("-> a remedy") == 2


@pytest.mark.parametrize(
    ("code", "worst"),
    [
        (ExitCode.FAILED, ExitCode.FAILED),
        (ExitCode.UNREACHABLE, ExitCode.FAILED),
        (ExitCode.CHANGES_PENDING, ExitCode.FAILED),
        (ExitCode.INTERRUPTED, ExitCode.INTERRUPTED),
    ],
)
def test_a_step_that_fails_is_worse_than_anything_but_an_interruption(code, worst):
    assert exit_code(code, failing("no room")) == worst


def test_a_mistake_of_ours_is_not_hidden():
    def broken():
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        close_and_exit(ExitCode.GOOD, broken)
