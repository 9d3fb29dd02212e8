"""What is noted of a run's answers, and when a print may stand for one."""

import time

import pytest
from pyinfra.api.command import StringCommand

from deeprig.recheck.noted import Noted
from deeprig.transport.frames import Answer, Question
from deeprig.transport.prints import PRINT_SHELL, depends_on

PLAIN = Question("sh", "cat /a", sudo=True)


@pytest.fixture
def known():
    """A question whose answer depends on one file, and how that is asked for."""
    command = depends_on(StringCommand("look", "at", "/a"), "stat /a")
    asked = Question("sh", command.get_raw_value(), sudo=True)
    return asked, Question(PRINT_SHELL, "stat /a", sudo=True)


def noted(*pairs):
    found = Noted(b"k" * 32)
    for question, output in pairs:
        found.note(question, Answer(0, output, b""))
    return found


def test_one_question_with_two_answers_spoils_it():
    assert noted((PLAIN, b"1"), (PLAIN, b"1")).spoiled == ""
    assert "two answers" in noted((PLAIN, b"1"), (PLAIN, b"2")).spoiled


def test_what_spoiled_it_first_is_told():
    found = noted()
    found.spoil("one")
    found.spoil("two")
    assert found.spoiled == "one"


def test_a_settled_print_stands_for_its_answer(known):
    asked, printed = known
    found = noted((PLAIN, b"1"), (asked, b"2"))
    old = b"aa 1000.000 %.3f" % time.time()
    taken = found.with_prints(lambda questions: tuple(Answer(0, old, b"") for _ in questions))
    assert set(taken) == {PLAIN, printed}
    later = Answer(0, b"aa 1000.000 %.3f" % (time.time() + 99), b"")
    assert taken[printed] == found.digest_of(printed, later)
    assert taken[printed] != found.digest_of(printed, Answer(0, b"bb 1000.000 1.0", b""))


@pytest.mark.parametrize("output", [b"aa 2000.0 2000.1", b"", None])
def test_a_print_that_is_young_or_missing_stands_for_nothing(known, output):
    asked, _ = known
    found = noted((asked, b"2"))
    answer = None if output is None else Answer(0, output, b"")
    taken = found.with_prints(lambda questions: tuple(answer for _ in questions))
    assert taken == found.answers


def test_nothing_is_asked_where_nothing_has_a_print():
    found = noted((PLAIN, b"1"))

    def never(questions):
        raise AssertionError(questions)

    assert found.with_prints(never) == found.answers
