"""Tell, while a command still runs, what it waits for; pyinfra gives its output only at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gevent
from gevent.event import Event
from paramiko import SSHException
from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.host import Host

from deeprig.engine.state import RunState

#: What waits, waits for longer; what does not is told at its end anyway.
_LOOK_SECONDS = 3
_LAST = 'sed -n "s/^$2//p" "$1" 2>/dev/null | tail -n 1'


@contextmanager
def told_live(
    state: Any, host: Host, output: str, mark: str, sudo: dict[str, Any]
) -> Iterator[None]:
    """While the block runs, tell the last line that begins with a mark in a file of the host.

    Nobody is told under pyinfra's own command line. ``sudo`` are the command's own arguments.
    """
    if not isinstance(state, RunState):
        yield
        return
    words = (_LAST, "deeprig-look", output, mark)
    look = StringCommand("sh", "-c", *(QuoteString(word) for word in words))
    is_over = Event()
    following = gevent.spawn(_follow, state, host, look, sudo, is_over)
    try:
        yield
    finally:
        # Killing alone is not enough: paramiko's Channel.__del__ passes over whatever is raised in
        # it, and that runs wherever a channel is dropped, as at the end of each look.
        is_over.set()
        following.kill()


def _follow(
    state: RunState, host: Host, look: StringCommand, sudo: dict[str, Any], is_over: Event
) -> None:
    said = ""
    while not is_over.wait(_LOOK_SECONDS):
        try:
            succeeded, output = host.run_shell_command(look, **sudo)
        except (OSError, EOFError, SSHException):
            return  # the command itself learns, and tells, that the connection is lost
        if succeeded and output.stdout and output.stdout != said:
            said = output.stdout
            state.tell(host.name, said)
