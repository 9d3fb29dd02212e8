"""The process that sessions are forked off: ``python -m deeprig.verify.session_server``.

Python, pytest and the inventory of a hundred hosts take some seconds of CPU to load: here once,
and not once for each host. It answers each request, which comes with two open files (where
results go, and where everything else that is printed goes), with one byte, and ends with its
requests.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import NoReturn, TextIO

import click

from deeprig.verify.request import Request

#: The keys of lines that are neither a check's result nor progress: the first and the last line.
PID_KEY, WHOLE_KEY = "pid", "is_whole"
_LARGEST_REQUEST = 1 << 16


@click.command()
@click.option("--inventory", required=True)
@click.option("--requests", type=int, required=True)
def serve(inventory: str, requests: int) -> None:
    """Fork a session for each request that comes over an inherited socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the sessions get it too, and our caller
    from deeprig.engine.embedding import patch_standard_library

    patch_standard_library()
    from gevent import monkey
    from testinfra import modules, plugin  # noqa: F401 - so that no session loads them

    from deeprig.inventory.load import load_lab
    from deeprig.inventory.sources.source import parse_where
    from deeprig.verify.session import run_session

    lab = load_lab(parse_where(inventory))  # may run programs that tell secrets, and waits for them
    signal.signal(signal.SIGCHLD, _wait_for_ended)  # not ignored: their CPU seconds count as ours
    gc.freeze()  # what the sessions share stays shared
    # A loop of gevent's must not run here: a process that is forked off would share it.
    plain_socket = monkey.get_original("socket", "socket")
    fork = monkey.get_original("os", "fork")
    with plain_socket(fileno=requests) as asked:
        asked.setblocking(True)  # gevent's sockets, such as the one it was made as, are not
        while True:
            text, files, _, _ = socket.recv_fds(asked, _LARGEST_REQUEST, 2)
            if not text:
                return
            told = json.loads(text)
            request = Request(inventory, **{**told, "roles": tuple(told["roles"])})
            if fork() == 0:
                asked.close()
                _be_session(partial(run_session, lab, request), *files)
            for file in files:
                os.close(file)
            asked.send(b".")


def _be_session(run: Callable[[TextIO], bool], results: int, printed: int) -> NoReturn:
    """Be one host's session, for as long as it runs; never return."""
    is_whole = False
    try:
        _settle_in(printed)
        os.set_blocking(results, True)
        with os.fdopen(results, "w", encoding="utf-8") as lines:
            lines.write(json.dumps({PID_KEY: os.getpid()}) + "\n")
            lines.flush()
            is_whole = run(lines)
            lines.write(json.dumps({WHOLE_KEY: is_whole}) + "\n")
    except BaseException:  # noqa: BLE001 - whatever it is, it ends here and is told
        with suppress(OSError):
            os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(0 if is_whole else 1)


def _settle_in(printed: int) -> None:
    """Take leave of the server: signals, output and gevent's loop are this process's own."""
    import gevent

    gevent.reinit()
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, _stop)


def _wait_for_ended(number: int, frame: FrameType | None) -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    """End as by Ctrl-C: what was begun is tidied up. Once: a second one would cut that short."""
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    serve()
