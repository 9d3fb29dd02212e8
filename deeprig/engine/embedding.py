"""Prepare the process for pyinfra: gevent first, then pyinfra's switches, its chatter captured."""

from __future__ import annotations

import logging
import re
import warnings
from collections import defaultdict, deque

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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", monkey.MonkeyPatchWarning)
            monkey.patch_all()


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
