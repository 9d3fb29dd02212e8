"""Read a program's output while it runs, and no more of it than is allowed."""

from __future__ import annotations

import subprocess
from threading import Thread
from types import TracebackType

_CHUNK_BYTES = 1 << 16


class TooLong(Exception):
    """A program wrote more than it may; it was ended."""

    def __init__(self, bytes_allowed: int) -> None:
        super().__init__(f"more than {bytes_allowed} bytes")
        self.bytes_allowed = bytes_allowed


class Bounded:
    """Takes in a process's standard output beside whoever reads its standard error.

    Once there is more than ``bytes_allowed``, the process is ended and nothing more is kept: what a
    host sends can fill neither the memory nor the disk of the controller.
    """

    def __init__(self, process: subprocess.Popen[bytes], bytes_allowed: int) -> None:
        self._process, self._bytes_allowed = process, bytes_allowed
        self._taken = bytearray()
        self._thread = Thread(target=self._take_in)

    def __enter__(self) -> Bounded:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for the end of the output, which a process that has ended has come to."""
        self._thread.join()

    def text(self) -> bytes:
        """Return all output, once it has ended. Raise TooLong where it was ended for its length."""
        self._thread.join()
        if len(self._taken) > self._bytes_allowed:
            raise TooLong(self._bytes_allowed)
        return bytes(self._taken)

    def _take_in(self) -> None:
        output = self._process.stdout
        while output is not None and (chunk := output.read(_CHUNK_BYTES)):
            self._taken += chunk[: self._bytes_allowed + 1 - len(self._taken)]
            if len(self._taken) > self._bytes_allowed:
                self._process.kill()
                # What it started has its standard error too, and is not to wait for a reader.
                output.close()
                return
