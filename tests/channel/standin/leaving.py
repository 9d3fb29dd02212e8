"""How a process that used py-rattler ends."""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def leave(code: int) -> NoReturn:
    """End the process now, with everything that was printed written out.

    py-rattler's worker threads still touch the interpreter's state while Python finalizes:
    with a normal exit about one process in fifty died of SIGSEGV or SIGABRT after all its
    work was done. Nothing here relies on `atexit`.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
