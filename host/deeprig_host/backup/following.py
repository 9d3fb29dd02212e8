"""Follow a work to its end: how far it is on standard error, then its document and its code."""

from __future__ import annotations

import json
import os
import select
import shutil
import sys

from deeprig_host.backup.units import Work

#: How a shell tells of a process that was killed, or ended by SIGTERM.
KILLED, TERMINATED = 137, 143
_POLL_MILLISECONDS = 500


def follow(work: Work) -> int:
    """Return the exit code of a work when it has ended.

    The first line on standard error names its unit; then come lines as ``--progress json`` has
    them. Where nobody listens any more this ends, and the work goes on.
    """
    try:
        _say(json.dumps({"unit": work.name}) + "\n")
        told = ""
        while work.is_running():
            told = _tell_new(work, told)
            _wait_or_end()
        _tell_new(work, told)
        return _ended(work)
    except BrokenPipeError:
        _hear_nothing()
        return KILLED


def _wait_or_end() -> None:
    """Wait a moment. Raise BrokenPipeError as soon as nobody listens: poll(2) tells of it."""
    listening = select.poll()
    for number in (1, 2):
        listening.register(number, 0)
    if any(found & select.POLLERR for _, found in listening.poll(_POLL_MILLISECONDS)):
        raise BrokenPipeError


def _tell_new(work: Work, told: str) -> str:
    far = work.far
    if far and far != told:
        _say(far)
    return far


def _ended(work: Work) -> int:
    _say(work.said)
    if work.code is None:
        _say(f"{work.name} was ended from outside, before its work was done\n")
        work.note_told()
        return KILLED
    if work.code == TERMINATED:
        _say(f"{work.name} was ended before its work was done, as it was told to\n")
    with work.document.open(encoding="utf-8") as document:
        shutil.copyfileobj(document, sys.stdout)
    sys.stdout.flush()
    work.note_told()
    return work.code


def _say(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _hear_nothing() -> None:
    """Have what is left in our buffers go nowhere: Python would fail on it when it ends."""

    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(nowhere, number)
    os.close(nowhere)
