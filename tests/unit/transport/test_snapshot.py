"""A kept answer is given while nothing was changed, and never after."""

import time

from deeprig.transport import snapshot
from deeprig.transport.frames import Answer, Question
from deeprig.transport.snapshot import FRESH_SECONDS, Snapshot

ASKED = Question("sh", "stat /etc", True)
TOLD = Answer(0, b"there", b"")


def test_nothing_is_kept_until_it_is_opened():
    kept = Snapshot()
    kept.keep(ASKED, TOLD, asked=time.monotonic())
    assert kept.find(ASKED) is None
    kept.open()
    assert kept.find(ASKED) is None
    kept.keep(ASKED, TOLD, asked=time.monotonic())
    assert kept.find(ASKED) == TOLD
    assert kept.used == 1


def test_another_privilege_or_shell_is_another_question():
    kept = Snapshot()
    kept.open()
    kept.keep(ASKED, TOLD, asked=time.monotonic())
    assert kept.find(Question("sh", "stat /etc", False)) is None
    assert kept.find(Question("bash", "stat /etc", True)) is None


def test_a_change_drops_all_and_closes_it():
    kept = Snapshot()
    kept.open()
    kept.keep(ASKED, TOLD, asked=time.monotonic())
    kept.drop()
    assert kept.find(ASKED) is None
    kept.keep(ASKED, TOLD, asked=time.monotonic())
    assert kept.find(ASKED) is None
    kept.drop()
    assert kept.drops == 2  # each counts, also while nothing is kept
    kept.open()
    assert kept.find(ASKED) is None


def test_an_old_answer_is_asked_anew(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(snapshot.time, "monotonic", lambda: now[0])
    kept = Snapshot()
    kept.open()
    kept.keep(ASKED, TOLD, asked=time.monotonic())
    now[0] += FRESH_SECONDS
    assert kept.find(ASKED) == TOLD
    now[0] += 0.1
    assert kept.find(ASKED) is None
