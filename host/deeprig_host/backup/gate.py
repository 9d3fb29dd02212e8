"""Have restic wait for the file of what is left out, while it opens the repository already.

restic reads its exclude files in their order, each to its end, when the repository is open and
locked (0.14 to 0.18, ``runBackup`` in cmd/restic/cmd_backup.go). Until then it derives a key, which
takes longer than a look through the sources mostly does: so both go on at once. The first of the
files is a pipe. It holds half a pattern, and gets the other half when the file after it is written.
Where that never comes, since the look failed or this process died, restic refuses the half one and
ends without a snapshot: ``tests/contract/backup_faults/test_gate.py`` holds it to that.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from types import TracebackType

#: Together a variable of a name that none has: restic puts nothing in its place, and an empty line
#: is no pattern (a real one would be asked about each file). Alone, Go's os.Expand takes ``${``
#: off, and a bracket that does not close is refused (filepath.Match).
_HALF, _REST = b"${[deeprig", b"}\n"


class Gate:
    """A gate for one call of restic's ``backup``; ``work`` is what it waits for."""

    def __init__(self, work: Callable[[], object]) -> None:
        """Begin closed."""
        self._work = work
        self._out, self._in = os.pipe()
        self._is_passed = False
        os.write(self._in, _HALF)

    @property
    def descriptors(self) -> tuple[int, ...]:
        """Return what restic inherits."""
        return (self._out,)

    @property
    def words(self) -> tuple[str, ...]:
        """Return restic's arguments: they stand before those of any other exclude file."""
        return ("--exclude-file", f"/proc/self/fd/{self._out}")

    def work(self) -> None:
        """Do the work, then let restic pass; where the work fails, have it refuse."""
        try:
            self._work()
            os.write(self._in, _REST)
        finally:
            self._is_passed = True
            os.close(self._in)

    def __enter__(self) -> Gate:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._out)
        if not self._is_passed:
            os.close(self._in)
