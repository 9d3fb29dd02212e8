"""When a run reads ahead: at its start, and again after ever more operations without a change."""

from types import SimpleNamespace

import pytest

from deeprig.engine import reading_ahead
from deeprig.engine.reading_ahead import ReadingAhead, asked_together


@pytest.fixture
def run(host, monkeypatch):
    """Go through operations; those named change the host. Return before which it read ahead."""

    def go(count, changing=()):
        reads = []
        position = [0]

        def read(host, works):
            reads.append(position[0])
            host.connector.snapshot.open()
            return False

        monkeypatch.setattr(reading_ahead, "read_ahead", read)
        job = SimpleNamespace(host=host, state=host.state)
        ahead = ReadingAhead(job)
        for position[0] in range(count):
            ahead.before(None)
            if position[0] in changing:
                host.connector.begin_change()
        ahead.end()
        assert not host.connector.snapshot.is_open
        return reads

    return go


def test_a_run_without_a_change_reads_ahead_once(run):
    assert run(100) == [0]


def test_after_a_change_questions_are_live_for_a_while(run):
    assert run(100, changing={10}) == [0, 15]


def test_the_while_is_doubled_each_time(run):
    assert run(200, changing={10, 20, 60}) == [0, 15, 29, 77]


def test_a_change_meanwhile_begins_the_while_anew(run):
    assert run(100, changing={10, 12, 14}) == [0, 19]


def test_a_run_that_changes_everything_reads_ahead_at_its_start_alone(run):
    assert run(50, changing=range(50)) == [0]


def test_another_connector_is_left_alone(host, monkeypatch):
    monkeypatch.setattr(reading_ahead, "read_ahead", pytest.fail)
    host.connector = object()
    ahead = ReadingAhead(SimpleNamespace(host=host))
    ahead.before(None)
    ahead.end()


@pytest.mark.parametrize(("count", "frames"), [(0, 0), (1, 0), (3, 1)])
def test_what_is_asked_together_is_not_worth_it_for_one(host, lines, count, frames):
    from tests.unit.transport.test_ahead import ask

    log = SimpleNamespace(last_lines=lambda name: "")
    state = SimpleNamespace(remarks={})
    with asked_together(
        SimpleNamespace(host=host, log=log, state=state), [ask(f"q{i}") for i in range(count)]
    ):
        assert sum(len(line.asked) for line in lines.made) == frames
    assert not host.connector.snapshot.is_open
