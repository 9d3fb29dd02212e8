"""Sockets that belong to a lab's network namespace, made by a thread that lives in it."""

from __future__ import annotations

import ctypes
import os
import queue
import socket
import threading
from pathlib import Path

from deeprig.lab.state import BRIDGE_ADDRESS

_CLONE_NEWNET = 0x40000000
_BACKLOG = 128


class LabSockets:
    """Makes TCP sockets of the lab. A socket keeps the namespace it was made in (setns(2))."""

    def __init__(self, namespace: str) -> None:
        self._wanted: queue.Queue[queue.Queue[socket.socket | OSError]] = queue.Queue()
        self._namespace = namespace
        threading.Thread(target=self._make_sockets, daemon=True).start()

    def make(self) -> socket.socket:
        """Return a new TCP socket of the lab. Raise OSError when the namespace is gone."""
        answer: queue.Queue[socket.socket | OSError] = queue.Queue()
        self._wanted.put(answer)
        made = answer.get()
        if isinstance(made, OSError):
            raise made
        return made

    def listener(self, port: int) -> socket.socket:
        """Return a socket that listens on the bridge."""
        listening = self.make()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((BRIDGE_ADDRESS, port))
        listening.listen(_BACKLOG)
        return listening

    def _make_sockets(self) -> None:
        failure: OSError | None = None
        try:
            self._enter()
        except OSError as error:
            failure = error
        while True:
            self._wanted.get().put(failure or _tcp_socket())

    def _enter(self) -> None:
        # os.setns came with Python 3.12; a namespace is entered per thread.
        libc = ctypes.CDLL(None, use_errno=True)
        with Path("/run/netns", self._namespace).open("rb") as file:
            if libc.setns(file.fileno(), _CLONE_NEWNET) != 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number))


def _tcp_socket() -> socket.socket | OSError:
    try:
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    except OSError as error:  # such as too many open files: the asker's problem, not the thread's
        return error
