"""Which hosts are kept for the next recheck: only those of which all is known."""

from dataclasses import replace

import pytest

from deeprig.recheck.noted import Noted
from deeprig.recheck.recorder import _Taken, _unfit
from deeprig.report.model import HostRun, OperationResult
from deeprig.transport.frames import Question

ASKED = Question("sh", "true", sudo=True)
RUN = HostRun("rig1", "ok", operations=(OperationResult("base", "A", "unchanged"),))


@pytest.fixture
def taken():
    noted = Noted(b"k" * 32)
    noted.answers[ASKED] = "aa"
    return _Taken(noted, noted.answers, True, ("ssh", "rig1"), "none", False, False)


def test_a_host_on_which_nothing_changed_and_all_was_noted_fits(taken):
    assert _unfit(RUN, taken) == ""


@pytest.mark.parametrize("status", ["changed", "failed", "not run", "interrupted"])
def test_any_operation_that_was_not_found_done_does_not(taken, status):
    other = OperationResult("base", "B", status)
    assert "something changed" in _unfit(replace(RUN, operations=(*RUN.operations, other)), taken)


@pytest.mark.parametrize("status", ["failed", "unreachable", "refused", "interrupted"])
def test_a_run_that_did_not_end_well_does_not(taken, status):
    assert _unfit(replace(RUN, status=status), taken)


@pytest.mark.parametrize("role", ["lock", "transport"])
def test_what_was_of_this_run_alone_does_not(taken, role):
    own = OperationResult(role, "A note", "unchanged", notes=("taken over",))
    assert "this run alone" in _unfit(replace(RUN, operations=(own,)), taken)


def test_a_connection_that_keeps_no_answers_does_not():
    assert "keeps no answers" in _unfit(RUN, None)


def test_whatever_was_not_only_read_does_not(taken):
    taken.noted.spoil("a step was run")
    assert _unfit(RUN, taken) == "a step was run"


def test_questions_of_two_privileges_do_not(taken):
    taken.noted.answers[replace(ASKED, sudo=False)] = "bb"
    assert "both as root and not" in _unfit(RUN, taken)


def test_a_host_that_openssh_cannot_reach_does_not(taken):
    assert "OpenSSH" in _unfit(RUN, replace(taken, ssh=None))


def test_a_question_with_a_secret_does_not(taken):
    assert "secret" in _unfit(RUN, replace(taken, is_open=True))
