"""Which of an operation's commands can be done over the line: small ones, of files.

Only what may be done twice without harm: a line that ends under a frame leaves open what was done,
and all of it is then done again in pyinfra's own way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyinfra.api.command import FileUploadCommand, PyinfraCommand, StringCommand
from pyinfra.api.util import get_file_io

from deeprig.transport.frames import Question, Write
from deeprig.transport.questions import question_of

#: One frame carries no more: what is larger (an installer) is streamed, in pyinfra's own way.
LARGEST_BYTES = 4 * 1024 * 1024
#: A word as pyinfra quotes it (shlex.quote): nothing in it means anything to a shell.
_WORD = r"(?:'[^'\n]*'|[-A-Za-z0-9_./@:+,=%]+)"
_SMALL = re.compile(rf"(?:chmod|chown|chgrp|mkdir -p|touch|rm -r?f)(?: {_WORD})+")
#: cp(1) writes as these do, whatever they are set to.
_NOT_OF_WRITES = ("_env", "_shell_executable")


def doing_of(command: PyinfraCommand, arguments: Mapping[str, Any]) -> Question | Write | None:
    """Return what the line can do in a command's place, or None where only pyinfra's way has it.

    ``arguments`` are the connector's.
    """
    if type(command) is FileUploadCommand:
        return write_of(command.src, command.dest, arguments)
    if type(command) is not StringCommand or not _SMALL.fullmatch(command.get_raw_value()):
        return None
    is_plain = set(arguments.get("_success_exit_codes") or (0,)) == {0}
    return question_of(command, arguments) if is_plain else None


def write_of(source: Any, path: str, arguments: Mapping[str, Any]) -> Write | None:
    """Return an upload as the line can do it; None for one that is too large, or out of the way.

    ``source`` is a path or a file object, as pyinfra takes it.
    """
    others = {key: value for key, value in arguments.items() if key not in _NOT_OF_WRITES}
    asked = question_of("", others)
    if asked is None or others.get("_chdir") or not str(path).startswith("/"):
        return None
    content = _content(source)
    return Write(str(path), content, asked.sudo) if content is not None else None


def _content(source: Any) -> bytes | None:
    """Return what is to be written; None for too much. pyinfra's way tells what cannot be read."""
    try:
        if not hasattr(source, "read") and Path(source).stat().st_size > LARGEST_BYTES:
            return None
        with get_file_io(source) as file:
            content = file.read(LARGEST_BYTES + 1)
        read = content.encode() if isinstance(content, str) else bytes(content)
    except (OSError, TypeError, ValueError):
        return None
    return read if len(read) <= LARGEST_BYTES else None
