"""Prepare the process for pyinfra: gevent first, then pyinfra's switches, its chatter captured."""

from __future__ import annotations

import logging
import os
import re
import warnings
from collections import defaultdict, deque
from functools import cache
from importlib import import_module

from deeprig.engine.lean_imports import entry_points_read_once, load_when_used

#: pyinfra's last line after every failure.
_SAYS_NOTHING = re.compile(r"executed \d+ commands$")
#: Log lines kept per host; the last ones explain a failure.
_KEPT_LINES = 200
#: What a run says where sudo asks: nobody is there to answer in the middle.
SUDO_ASKS = "sudo wants a password; run with -K (--ask-sudo-password)"


def patch_standard_library() -> None:
    """Make sockets and threads cooperative. Call before anything imports requests or pyinfra."""
    from gevent import monkey

    if not monkey.is_module_patched("socket"):
        # ssl is patched too; gevent warns when somebody imported it earlier, as pytest does.
        with warnings.catch_warnings(), entry_points_read_once():
            warnings.simplefilter("ignore", monkey.MonkeyPatchWarning)
            monkey.patch_all()
        # gevent (since 25.8.1) closes a directory or a pipe later, when its loop runs next. Nobody
        # here closes what somebody else reads; an end of a pipe that stays open keeps its reader
        # waiting, and a tree that is removed would leave a descriptor for each of its directories.
        os.close = monkey.get_original("os", "close")
    # paramiko imports it for "Match exec" in SSH configurations alone, which we answer ourselves
    # (match_exec.py); it brings 62 modules, two readers of YAML among them.
    load_when_used("invoke")


class HostLog(logging.Handler):
    """Keep what pyinfra logs per host, so that a failure can show it; print none of it."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=_KEPT_LINES))

    def emit(self, record: logging.LogRecord) -> None:
        """Append the record to the log of the host whose greenlet this is."""
        from pyinfra.context import ctx_host

        host = ctx_host.get()
        name = host.name if host is not None else ""
        told = record.getMessage()
        if not _SAYS_NOTHING.search(told):
            self.lines[name].extend(told.splitlines())

    def last_lines(self, host: str) -> str:
        """Return the kept lines of one host and forget them."""
        return "\n".join(self.lines.pop(host, ()))


def embed_pyinfra() -> HostLog:
    """Set pyinfra up for embedding and return the log that captures what it says."""
    patch_standard_library()
    import pyinfra

    # Outside CLI mode pyinfra names an operation by its position, so that two hosts with
    # different operations would collide (shared facts: pyinfra 3.10, read in its source).
    pyinfra.is_cli = True
    log = HostLog()
    logger = pyinfra.logger
    for handler in [h for h in logger.handlers if isinstance(h, HostLog)]:
        logger.removeHandler(handler)
    logger.addHandler(log)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    _forbid_prompts()
    _close_input_once()
    from deeprig.engine.expected import answer_before_execution
    from deeprig.engine.match_exec import answer_match_exec
    from deeprig.transport.pace import quicken

    answer_before_execution()
    answer_match_exec()
    quicken()
    return log


def _forbid_prompts() -> None:
    """Make pyinfra fail where it would ask for a sudo password in the middle of a run.

    Many hosts run at once behind one display, or nobody is there at all: a prompt would hang.
    """
    from pyinfra.api.exceptions import PyinfraError
    from pyinfra.connectors import util

    def refuse(prompt: str = "") -> str:
        raise PyinfraError(SUDO_ASKS)

    setattr(util, "getpass", refuse)  # noqa: B010 - the type checker knows only the real one


def know_arguments_once() -> None:
    """Have pyinfra work out its global arguments once, not for each class of facts that it loads.

    Call it after patch_standard_library(), and before what declares facts is imported.
    """
    facts = import_module("pyinfra.api.facts")  # what it imports is no part of its interface
    known = facts.all_global_arguments
    if not hasattr(known, "cache_info"):
        setattr(facts, "all_global_arguments", cache(known))  # noqa: B010 - no variable


def _close_input_once() -> None:
    """Have paramiko close a command's input when it is told to, and not again when it is freed.

    Each close takes the channel's lock. What is freed is closed once more, wherever the garbage
    collector happens to run: in gevent's hub nobody may wait for a lock, and Python would print
    "Exception ignored in BufferedFile.__del__" with a traceback.
    """
    from paramiko.channel import ChannelStdinFile

    close = ChannelStdinFile.close
    if getattr(close, "is_once", False):
        return

    def close_once(file: ChannelStdinFile) -> None:
        if not file.closed:
            close(file)

    setattr(close_once, "is_once", True)  # noqa: B010 - a function has no such attribute
    setattr(ChannelStdinFile, "close", close_once)  # noqa: B010 - nor may it be assigned
