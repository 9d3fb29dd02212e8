"""Ask a program for an inventory: bounded in time and size, its failure told with its own words."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

from deeprig.inventory.sources.gathered import refuse
from deeprig.inventory.sources.reading import LARGEST_BYTES
from deeprig.masking import Masker

#: A cloud's inventory script asks an API, page by page; nobody waits longer for a start.
DEFAULT_SECONDS = 60.0
_SHOWN_CHARACTERS = 300


def answer_of(
    command: list[str], place: str, *, cwd: Path | None = None, seconds: float = DEFAULT_SECONDS
) -> str:
    """Return what a program writes to standard output.

    Raise InventoryProblem when it cannot be started, fails, writes too much or no UTF-8, or does
    not end within ``seconds``; then it and what it started are killed.
    """
    # Files, and no pipes: what the program leaves running may hold those open for ever.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                cwd=cwd,
                start_new_session=True,  # so that its children can be killed with it
            )
        except OSError as error:
            remedy = "is its first line an interpreter that is installed?"
            raise refuse(place, f"it cannot be run: {error.strerror}", remedy) from error
        _wait(process, place, seconds)
        if output.seek(0, os.SEEK_END) > LARGEST_BYTES:
            raise refuse(place, f"it wrote more than {LARGEST_BYTES >> 20} MB")
        if process.returncode != 0:
            said = _last_words(errors)
            raise refuse(place, f"it ended with exit status {process.returncode}{said}")
        output.seek(0)
        return _text(output.read(), place)


def _text(output: bytes, place: str) -> str:
    try:
        return output.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refuse(place, "what it wrote is no UTF-8 text") from error


def _wait(process: subprocess.Popen[bytes], place: str, seconds: float) -> None:
    """Wait for the end of a program; kill it and its group where it is late, or we are ended."""
    with suppress(ProcessLookupError):  # a quick one has ended
        most = LARGEST_BYTES + 1
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, most))
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired as error:
        remedy = "run it by hand and see why"
        raise refuse(place, f"it did not end within {seconds:g} s", remedy) from error
    finally:
        _kill(process)
        process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.returncode is not None:
        return  # its number may be another's by now
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _last_words(errors: IO[bytes]) -> str:
    """Return the last line of standard error, as far as it may be shown."""
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, size - 4096))
    lines = errors.read().decode("utf-8", "replace").strip().splitlines()
    if not lines:
        return " and said nothing"
    return f": {Masker()(lines[-1])[:_SHOWN_CHARACTERS]}"
