"""A lab's directory: used by one command at a time, and removed only when it is a lab's."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deeprig.errors import UsageProblem

_STATE = "state.json"


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the directory while the block runs. Raise UsageProblem when another command has it.

    The lock is the kernel's (flock(2)): it ends with its holder, however that ends.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageProblem(
                "another deeprig lab command is at work on it",
                place=str(directory),
                remedy="wait until it has ended, or end it",
            ) from error
        try:
            yield
        finally:
            # Said out loud: under gevent, os.close waits for the event loop to run.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def is_a_labs(directory: Path) -> bool:
    """Say whether ``lab up`` made the directory: by its state, or because it got no further."""
    state = directory / _STATE
    if not state.is_file():
        return {path.name for path in directory.iterdir()} <= {f"{_STATE}.part"}
    try:
        data = json.loads(state.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return isinstance(data, dict) and str(data.get("schema", "")).startswith("deeprig.lab/")


def remove(directory: Path) -> None:
    """Remove a lab's directory; the state last, so that a killed removal can be repeated.

    Raise UsageProblem when it is not a lab's.
    """
    if not is_a_labs(directory):
        raise UsageProblem(
            "it holds no lab (no state.json of one), so it is left alone",
            place=str(directory),
            remedy="remove it by hand if it is not wanted",
        )
    for path in directory.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != _STATE:
            path.unlink()
    (directory / _STATE).unlink(missing_ok=True)
    directory.rmdir()
