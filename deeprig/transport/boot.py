"""How a program is started at the far end: it comes over the input of a Python interpreter.

Light on purpose: a recheck starts one too, and loads nothing of a line's.
"""

from __future__ import annotations

import shlex

#: The distribution's own: what a user's PATH finds first may be anything.
_PYTHON = "/usr/bin/python3"
#: Skips what sudo did not read of a password, then runs what comes. One line: sudo hands it on to
#: every command, in SUDO_COMMAND.
_BOOT = (
    "import sys;r=sys.stdin.buffer;"
    "any(x.strip()==b'{mark}' for x in iter(r.readline,b''));"
    "exec(r.read({length}))"
)


def boot_command(mark: str, program: bytes) -> str:
    """Return the shell command that runs a program once it comes, after a line with the mark."""
    boot = _BOOT.format(mark=mark, length=len(program))
    return f"{_PYTHON} -I -S -c {shlex.quote(boot)}"
