"""Keep standard output for the program's answer: libraries print there, in Python and in C."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def output_to_stderr() -> Iterator[Callable[[str], None]]:
    """Send what is printed to standard error, and give a function that writes to the real output.

    It writes at once and whole; it raises OSError where nobody reads.
    """
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr), os.fdopen(os.dup(saved), "wb", 0) as real:
            yield lambda text: _write_whole(real.fileno(), text.encode("utf-8"))
    finally:
        os.dup2(saved, 1)
        os.close(saved)


def _write_whole(descriptor: int, raw: bytes) -> None:
    while raw:
        raw = raw[os.write(descriptor, raw) :]
