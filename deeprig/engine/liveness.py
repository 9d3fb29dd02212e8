"""Whether the other end of an SSH connection still answers: asked all the time, not assumed.

TCP keeps a connection whose cable was cut for hours (tcp(7), tcp_keepalive_time), and its own
timers see no further than the next hop of a jump host. Every sshd answers a global request.
"""

from __future__ import annotations

import socket
from typing import TypeGuard

import gevent
from gevent import Greenlet
from gevent.event import Event
from paramiko import SSHException, Transport

#: A host that answers nothing for so long is lost. A loaded one answers within a second or two.
ANSWER_SECONDS = 30
_BETWEEN_SECONDS = 10
#: sshd refuses a request that it does not know, and that is an answer (RFC 4254, section 4).
_REQUEST = "keepalive@openssh.com"


class Liveness:
    """Asks one connection for signs of life, and closes it when none come."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._is_over = Event()
        self._asking: Greenlet[..., None] = gevent.spawn(self._ask)
        self.is_silent = False

    def answers(self) -> bool:
        """Say whether the host answers now; at most ``ANSWER_SECONDS`` later."""
        patience = gevent.Timeout(ANSWER_SECONDS)
        try:
            with patience:
                self._transport.global_request(_REQUEST, wait=True)
        except gevent.Timeout as over:
            if over is not patience:
                raise
            self.is_silent = True
            return False
        except (SSHException, OSError, EOFError):
            return False  # what it was that broke is told to whoever waits for a command
        return self._transport.is_active()

    def stop(self) -> None:
        """Ask no more."""
        self._is_over.set()  # a kill can be passed over: see deeprig.engine.sayings
        self._asking.kill()

    def _ask(self) -> None:
        while self._transport.is_active() and not self._is_over.wait(_BETWEEN_SECONDS):
            if not self.answers():
                # Whatever waits for the host now learns that nothing comes.
                self._transport.close()


def send_at_once(sock: object) -> None:
    """Switch Nagle's algorithm off (tcp(7), TCP_NODELAY)."""
    if _is_tcp(sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def tell_losses(sock: object) -> None:
    """Have TCP give up when nothing is acknowledged (tcp(7), TCP_USER_TIMEOUT)."""
    if _is_tcp(sock) and hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(ANSWER_SECONDS * 1000))


def _is_tcp(sock: object) -> TypeGuard[socket.socket]:
    return isinstance(sock, socket.socket) and sock.family != socket.AF_UNIX
