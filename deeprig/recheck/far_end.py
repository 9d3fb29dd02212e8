"""The host's part of a recheck: it asks everything again and compares, in one go.

It goes over SSH into a Python interpreter's input, behind ``transport/far_side.py``, whose
functions it uses; nothing of it is left on the host's disk.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys

TYPE_CHECKING = False  # importing typing would cost a host more than all the rest here
if TYPE_CHECKING:
    from deeprig.transport.far_side import answer, read_frame

#: When a file was read last; reading it, as a recheck does, may change that (mount(8), relatime).
_READ_TIME = re.compile(rb"\A(user=\S+ group=\S+ mode=\S+ )atime=\d+ ")
#: Times and size of a directory change with every file in it, also with those of running services.
_OF_DIRECTORY = re.compile(rb"\A(user=\S+ group=\S+ mode=d\S+ )[^/']*size=\d+ ")
#: pyinfra's fact of units takes these states for one (SystemdStatus.state_values): a timer waits,
#: and runs for the moment in which it starts something.
_STATES = re.compile(rb"(?:Id=[^\n]*\nSubState=[^\n]*\n*)+")
_UP = re.compile(rb"^SubState=(?:running|waiting|exited|listening|mounted)$", re.MULTILINE)
#: Key, file and text of the status, then for each question shell, text, look and digest.
_BEFORE, _PER_QUESTION = 3, 4


def told(shell: bytes, code: bytes, output: bytes, errors: bytes) -> tuple[bytes, ...]:
    """Return what counts of an answer; of a print (transport/prints.py) not what time it is."""
    if shell == b"print":
        return tuple(output.split()[:1])
    if _STATES.fullmatch(output):
        output = _UP.sub(b"SubState=up", output)
    return code, _READ_TIME.sub(rb"\1", _OF_DIRECTORY.sub(rb"\1", output)), errors


def digest(key: bytes, parts: tuple[bytes, ...]) -> bytes:
    """Return a keyed digest of some parts, hex."""
    made = hashlib.blake2b(key=key, digest_size=16)
    for part in parts:
        made.update(b"%d:" % len(part) + part)
    return made.hexdigest().encode()


def differing(key: bytes, questions: list[bytes]) -> list[int]:
    """Return the numbers of the questions whose answers are others than they were."""
    quads = [questions[at : at + _PER_QUESTION] for at in range(0, len(questions), _PER_QUESTION)]
    answers = answer([field for quad in quads for field in quad[:3]])
    found = zip(answers[::3], answers[1::3], answers[2::3], strict=True)
    return [
        number
        for number, (quad, one) in enumerate(zip(quads, found, strict=True))
        if digest(key, told(quad[0], *one)) != quad[3]
    ]


def leave(file: str, text: bytes) -> None:
    """Write the status whole (rename(2)): its reader may come at any moment."""
    os.umask(0o022)
    os.makedirs(os.path.dirname(file), exist_ok=True)  # noqa: PTH103, PTH120 - not imported here
    new = f"{file}.new"
    with open(new, "wb") as made:  # noqa: PTH123 - see above
        made.write(text)
    os.rename(new, file)  # noqa: PTH104 - see above


def recheck(mark: bytes) -> None:
    """Ask, compare, leave the status where all is the same, and tell what differs.

    The first question is whether a run changes this host. It is asked before and after the others:
    answers of a time in which somebody changed something belong to no state.
    """
    fields = read_frame(sys.stdin.buffer)
    if fields is None:
        return
    key, file, text = fields[:_BEFORE]
    questions = fields[_BEFORE:]
    lock, rest = questions[:_PER_QUESTION], questions[_PER_QUESTION:]
    numbers = differing(key, lock)
    if not numbers:
        numbers = [number + 1 for number in differing(key, rest)] + differing(key, lock)
    if not numbers and file:
        leave(os.fsdecode(file), text)
    words = " ".join(map(str, numbers)) or "same"
    sys.stdout.buffer.write(mark + words.encode() + b"\n")
