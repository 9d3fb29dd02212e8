"""A connection whose other end is gone is known as lost, and a slow answer is none."""

import socket

import gevent
import pytest
from gevent.event import Event
from paramiko import SSHException

from deeprig.engine import connector, liveness
from deeprig.engine.connector import ConnectionLost, QuickSSHConnector, WatchedSSHConnector
from deeprig.engine.liveness import Liveness

BOUND_SECONDS = 60


class Transport:
    """A connection that answers, is silent, or breaks."""

    def __init__(self, behaviour="answers"):
        self.behaviour = behaviour
        self.closed = Event()

    def is_active(self):
        return not self.closed.is_set()

    def close(self):
        self.closed.set()

    def global_request(self, kind, wait):
        assert (kind, wait) == ("keepalive@openssh.com", True)
        if self.behaviour == "silent":
            self.closed.wait()
        elif self.behaviour == "breaks":
            raise SSHException("Key-exchange timed out")


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(liveness, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(liveness, "_BETWEEN_SECONDS", 0.01)


def test_an_answer_is_an_answer():
    watched = Liveness(Transport())
    assert watched.answers()
    watched.stop()


@pytest.mark.parametrize("behaviour", ["silent", "breaks"])
def test_a_connection_without_an_answer_is_closed(behaviour):
    transport = Transport(behaviour)
    watched = Liveness(transport)
    assert transport.closed.wait(BOUND_SECONDS)
    assert not watched.answers()
    assert watched.is_silent == (behaviour == "silent")


def test_a_connection_that_answers_stays_open():
    transport = Transport()
    watched = Liveness(transport)
    asked = []
    transport.global_request = lambda kind, wait: asked.append(kind)
    with gevent.Timeout(BOUND_SECONDS):
        while len(asked) < 3:
            gevent.sleep(0.01)
    assert transport.is_active()
    watched.stop()


@pytest.fixture
def connected(monkeypatch):
    """A connector over a fake transport, and what pyinfra's own would do with a command."""
    made = object.__new__(QuickSSHConnector)
    transport = Transport()
    made.liveness = Liveness(transport)
    done = {"result": (True, "output")}

    def run(self, command, **options):
        if isinstance(done["result"], Exception):
            raise done["result"]
        return done["result"]

    monkeypatch.setattr(connector.SSHConnector, "run_shell_command", run)
    yield made, transport, done
    made.liveness.stop()


@pytest.mark.parametrize(
    ("kind", "at_once"), [(WatchedSSHConnector, False), (QuickSSHConnector, True)]
)
def test_both_learn_of_a_loss_and_one_sends_at_once(monkeypatch, kind, at_once):
    made = object.__new__(kind)
    with socket.socket() as sock:
        transport = Transport()
        transport.sock = sock
        made.client = type("Client", (), {"get_transport": lambda _: transport})()
        monkeypatch.setattr(connector.SSHConnector, "connect", lambda self: None)
        made.connect()
        made.liveness.stop()
        assert bool(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)) is at_once
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 200


class Command:
    unit = "deeprig-steady-packages"


def test_a_command_that_fails_on_a_living_connection_has_failed(connected):
    made, _, done = connected
    done["result"] = (False, "told")
    assert made.run_shell_command(Command()) == (False, "told")
    assert made.lost is None
    done["result"] = OSError("something else")
    with pytest.raises(OSError, match="something else"):
        made.run_shell_command(Command())
    assert made.lost is None


@pytest.mark.parametrize(
    "result", [(False, ""), SSHException("SSH session not active"), EOFError(), OSError("closed")]
)
def test_a_command_whose_connection_is_gone_is_lost_and_its_unit_is_named(connected, result):
    made, transport, done = connected
    done["result"] = result
    transport.close()
    with pytest.raises(ConnectionLost, match="the connection was lost: it was closed") as caught:
        made.run_shell_command(Command())
    assert caught.value.unit == "deeprig-steady-packages"
    assert made.lost is caught.value


def test_silence_is_told_as_silence(connected):
    made, transport, done = connected
    transport.behaviour = "silent"
    assert transport.closed.wait(BOUND_SECONDS)
    done["result"] = (False, "")
    with pytest.raises(ConnectionLost, match="no answer for"):
        made.run_shell_command(Command())
