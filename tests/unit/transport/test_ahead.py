"""Reading ahead fills the snapshot, and leaves everything else as it was."""

import logging

import gevent
import pytest
from pyinfra.api.exceptions import FactProcessError
from pyinfra.api.facts import FactBase
from pyinfra.api.operation import operation
from pyinfra.api.state import StateStage
from pyinfra.context import ctx_host

from deeprig.engine.operations import changed, condition_holds
from deeprig.transport.ahead import end_reading, first_command_of, read_ahead
from deeprig.transport.gathering import NotAhead


class Said(FactBase):
    def command(self, text):
        return text

    def process(self, output):
        if "damaged" in output[0]:
            raise FactProcessError("it cannot be read")
        return output[0]


def ask(*texts):
    """Return a work that asks one thing after the other."""

    def work():
        for text in texts:
            assert ctx_host.get().get_fact(Said, text=text) == text

    return work


def frames(lines):
    return [sorted(frame) for line in lines.made for frame in line.asked]


def test_works_find_their_answers_when_their_turn_comes(host, lines):
    works = [ask("a1", "a2"), ask("b1"), ask("a1", "c2", "c3")]
    assert read_ahead(host, works) is True
    assert frames(lines) == [["a1", "b1"], ["a2", "c2"], ["c3"]]
    ctx_host.set(host)
    for work in works:
        work()
    assert len(frames(lines)) == 3
    end_reading(host)
    works[1]()
    assert frames(lines)[3:] == [["b1"]]
    assert host.stock == []


def test_what_fails_ahead_leaves_no_trace(host, lines, monkeypatch):
    monkeypatch.setattr(logging, "logThreads", False)  # it would name a greenlet as a thread

    def change():
        ctx_host.get().run_shell_command("reboot")

    def broken():
        raise KeyError("a mistake in a role")

    works = [change, broken, ask("fails", "never"), ask("damaged", "never"), ask("fine")]
    read_ahead(host, works)
    assert frames(lines) == [["damaged", "fails", "fine"]]
    assert host.stock == []
    assert host.state.failed_hosts == set()


def test_a_host_with_another_connector_reads_nothing_ahead(host):
    host.connector = object()
    assert read_ahead(host, [pytest.fail]) is False
    end_reading(host)


@operation()
def write(asks, changes):
    ctx_host.get().get_fact(Said, text=asks)
    if changes:
        yield f"change {asks}"
        ctx_host.get().get_fact(Said, text=f"after {asks}")


@operation()
def twice(asks):
    """A mistake: an operation inside another."""
    ctx_host.get().get_fact(Said, text=asks)
    write(asks="inner", changes=True)
    yield "never"


def registered(host):
    """Return the works of all operations that were registered, as the engine makes them."""
    host.state.current_stage = StateStage.Execute
    host.state.is_executing = True
    data = (host.state.get_op_data_for_host(host, one) for one in tuple(host.op_hash_order))
    return [first_command_of(one, condition_holds) for one in data]


@pytest.fixture
def preparing(host):
    host.state.set_stage(StateStage.Prepare)
    host.state.activate_host(host)
    ctx_host.set(host)
    yield host
    ctx_host.reset()


def test_operations_are_evaluated_up_to_their_first_command_and_none_is_run(preparing, lines):
    first = write(name="First", asks="one", changes=True)
    write(name="Second", asks="two", changes=False)
    write(name="Third", asks="three", changes=True, _if=changed(first))
    write(name="Fourth", asks="four", changes=True, _if=first.did_change)
    twice(name="Fifth", asks="five")
    order = tuple(preparing.op_hash_order)
    read_ahead(preparing, registered(preparing))
    # The third goes by the likely case that the first changes nothing.
    assert frames(lines) == [["five", "one", "two"]]
    assert preparing.stock == []
    assert tuple(preparing.op_hash_order) == order
    assert not first.is_complete()
    assert preparing.in_op is False
    assert preparing.current_op_hash is None


def test_a_run_that_is_ended_meanwhile_ends_what_reads_ahead(host, monkeypatch):
    ended = []

    def slow():
        try:
            gevent.sleep(60)
        finally:
            ended.append(True)

    reading = gevent.spawn(read_ahead, host, [slow, slow])
    while not reading.started:
        gevent.sleep(0)
    gevent.sleep(0)
    reading.kill()
    assert ended == [True, True]


def test_not_ahead_is_no_error_of_the_host(host):
    # get_fact turns errors of a connection into a failed host; this must pass through it.
    assert not issubclass(NotAhead, OSError | TimeoutError)
