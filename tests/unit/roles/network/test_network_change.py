"""A change from the controller's side: confirmed over a new connection, or told as undone.

The host's answers and its connections are simulated; tests/e2e/test_network.py has real ones.
"""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from pyinfra.api.exceptions import OperationError
from pyinfra.context import ctx_host

from deeprig.engine.reconnect import Endpoint
from deeprig.tasks.host_answers import Answer
from roles.network import change, connection

ID = "20261121T120000Z-abc"
OLD, NEW = Endpoint("192.0.2.11", 22), Endpoint("192.0.2.99", 22)


def good(**document: Any) -> Answer:
    return Answer("network", True, {"outcome": "good", **document})


def bad(reason: str, **document: Any) -> Answer:
    return Answer("network", False, {"outcome": "failed", "reason": reason, **document})


CONFIRMED = good(phase="confirmed")
ROLLED_BACK = good(
    change=None, last_change={"id": ID, "phase": "rolled-back", "reason": "not confirmed in time"}
)
OPEN = good(change={"id": ID, "phase": "applied"})


class Simulated:
    """A host that answers at some addresses; ``answers`` are per command, the last one stays."""

    def __init__(self, **answers: list[Any]) -> None:
        self.answers = answers
        self.reachable: set[Endpoint] = {OLD}
        self.asked: list[str] = []
        self.came_to: list[Endpoint] = []

    def ask(self, command: str, *words: str) -> Answer:
        self.asked.append(command)
        found = self.answers[command]
        answer = found.pop(0) if len(found) > 1 else found[0]
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Answer)
        return answer

    def attempt(self, host: Any, at: Endpoint, key: Any, known: Any) -> str | None:
        self.came_to.append(at)
        return None if at in self.reachable else "no answer"


@pytest.fixture
def run(monkeypatch):
    """Change the network of a simulated host; nothing is waited for."""
    told: list[str] = []

    def run(simulated: Simulated, new: Endpoint | None = None, seconds: int = 0) -> list[str]:
        monkeypatch.setattr(connection, "pinned", lambda host, key: nullcontext())
        monkeypatch.setattr(connection, "endpoint_of", lambda host: OLD)
        monkeypatch.setattr(connection, "host_key_of", lambda host: "the key")
        monkeypatch.setattr(connection, "attempt", simulated.attempt)
        monkeypatch.setattr(connection, "_BETWEEN_ATTEMPTS_SECONDS", 0)
        monkeypatch.setattr(change, "_WAY_BACK_SECONDS", 0)
        monkeypatch.setattr(change, "ask_network", simulated.ask)
        monkeypatch.setattr(change, "run_host_program", lambda *a, **k: simulated.ask("stage"))
        monkeypatch.setattr(change, "remember", lambda *a: "/home/ada/.ssh/known_hosts")
        monkeypatch.setattr(change, "explain", told.append)
        with ctx_host.use(SimpleNamespace(name="ada")):
            change.change_network({}, new, seconds)
        return told

    return run


def test_a_confirmed_change_at_the_same_address_needs_nothing_more(run):
    host = Simulated(stage=[good(id=ID)], apply=[good()], confirm=[CONFIRMED])
    assert run(host) == []
    assert host.asked == ["stage", "apply", "confirm"]
    assert host.came_to == [OLD]


def test_a_host_that_moved_leaves_a_person_the_inventory(run):
    host = Simulated(stage=[good(id=ID)], apply=[good()], confirm=[CONFIRMED])
    host.reachable = {NEW}
    (note,) = run(host, NEW)
    assert note.startswith("set ssh_hostname to 192.0.2.99 in the inventory")
    assert "/home/ada/.ssh/known_hosts" in note


def test_the_connection_may_die_of_the_change_and_of_the_question(run):
    host = Simulated(
        stage=[good(id=ID)],
        apply=[OSError("gone")],
        confirm=[EOFError(), bad("is applying"), CONFIRMED],
        status=[OPEN],
    )
    run(host, seconds=20)
    assert host.asked.count("confirm") == 3
    assert len(host.came_to) == 3, "each question comes over a connection of its own"


def test_what_the_host_refuses_to_stage_is_told_and_nothing_is_applied(run):
    host = Simulated(stage=[bad("netplan refuses it", evidence=["x.yaml:3:7"])])
    with pytest.raises(OperationError, match=r"netplan refuses it\n  x.yaml:3:7"):
        run(host)
    assert host.asked == ["stage"]


def test_what_does_not_begin_is_put_back(run):
    host = Simulated(stage=[good(id=ID)], apply=[bad("no unit")], rollback=[good()])
    with pytest.raises(OperationError, match="no unit"):
        run(host)
    assert host.asked == ["stage", "apply", "rollback"]


def test_a_host_that_is_not_found_again_is_told_to_be_back_on_its_old_network(run):
    host = Simulated(stage=[good(id=ID)], apply=[good()], status=[ROLLED_BACK])
    with pytest.raises(OperationError) as raised:
        run(host, NEW)
    told = str(raised.value)
    assert "no new connection came about: no answer" in told
    assert "the host: not confirmed in time" in told
    assert "it is back on its old network" in told
    assert "network.confirm_seconds" in told
    assert host.came_to == [NEW, OLD]


def test_the_last_refusal_to_confirm_is_the_evidence(run):
    refusal = bad("the gateway 192.0.2.1 does not answer on the link")
    host = Simulated(
        stage=[good(id=ID)], apply=[good()], confirm=[refusal], status=[OPEN, ROLLED_BACK]
    )
    with pytest.raises(OperationError, match=r"the gateway 192\.0\.2\.1 does not answer"):
        run(host)


def test_a_host_at_work_does_not_hide_why_it_refused_before(run):
    """The way back began while the last question was asked (seen on a busy machine)."""
    refusal = bad("the gateway 192.0.2.1 does not answer on the link")
    busy = Answer("network", False, {"outcome": "busy", "reason": "a change is running"})
    host = Simulated(
        stage=[good(id=ID)],
        apply=[good()],
        confirm=[busy, refusal, busy],
        status=[OPEN, OPEN, ROLLED_BACK],
    )
    with pytest.raises(OperationError) as raised:
        run(host, seconds=20)
    assert "the gateway 192.0.2.1 does not answer" in str(raised.value)
    assert "a change is running" not in str(raised.value)


def test_a_host_that_answers_nowhere_is_not_called_back(run):
    host = Simulated(stage=[good(id=ID)], apply=[good()])
    host.reachable = set()
    with pytest.raises(OperationError) as raised:
        run(host)
    assert "does not answer at its old address either" in str(raised.value)
    assert "it is back" not in str(raised.value)
