"""An open line is closed where its answer was not read to the end."""

from types import SimpleNamespace

import gevent
import pytest
from paramiko import SSHException

from deeprig.transport.frames import Question
from deeprig.transport.line import Line, LineEnded

QUESTION = Question("sh", "true", sudo=False)


class Channel:
    """A channel whose far end never answers."""

    is_closed = False

    def exec_command(self, command):
        pass

    def sendall(self, data):
        if self.is_closed:
            raise SSHException("closed")

    def recv(self, length):
        gevent.sleep(60)

    def recv_stderr_ready(self):
        return False

    def settimeout(self, seconds):
        pass

    def close(self):
        self.is_closed = True


def test_who_stops_waiting_leaves_no_answer_to_the_next_question():
    channel = Channel()
    transport = SimpleNamespace(open_session=lambda: channel, sock=None)
    line = Line(transport, sudo=False, password=None)
    with gevent.Timeout(0.01, False):
        line.ask((QUESTION,))
    assert channel.is_closed
    with pytest.raises(LineEnded, match="closed"):
        line.ask((QUESTION,))
