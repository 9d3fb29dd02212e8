"""Where rollouts lie in a lab directory, and what a file of theirs is: old or new, never half."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deeprig.errors import DeeprigError, UsageProblem
from deeprig.waves.declared import STATE_DIRECTORY


def rollouts_directory(lab_directory: Path) -> Path:
    """Return where a lab's rollouts lie; it may not be there yet."""
    return lab_directory / STATE_DIRECTORY / "rollouts"


def write_whole(path: Path, document: Any) -> None:
    """Have a JSON file that no crash and no power cut leaves half written. Raise DeeprigError.

    Only the owner may read it (0600): what hosts printed is in it.
    """
    draft = path.with_name(f".{path.name}.new")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(document, file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_directory(path.parent)
    except OSError as error:
        raise DeeprigError(
            f"the rollout's state cannot be written: {error.strerror}",
            place=str(path),
            remedy="make room; then 'deeprig resume' goes on from the last step that was noted",
        ) from error


def sync_directory(path: Path) -> None:
    """Have a directory's entries on the disk (fsync(2))."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def held(path: Path, reason: str, remedy: str) -> Iterator[None]:
    """Hold a lock file while the block runs. Raise UsageProblem where another process has it.

    The lock is the kernel's (flock(2)): it ends with its holder, however that ends.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageProblem(reason, place=str(path), remedy=remedy) from error
        yield
    finally:
        # Said out loud: under gevent, os.close waits for the event loop to run.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)
