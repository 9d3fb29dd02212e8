"""Facts of the backup_server role."""

from __future__ import annotations

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.exceptions import FactProcessError
from pyinfra.api.facts import FactBase


class IsMounted(FactBase[bool]):
    """Whether a path is a mount point (mountpoint(1): 0 yes, 1 and 32 no, by version)."""

    def command(self, path: str) -> StringCommand:
        """Return the command."""
        return StringCommand("mountpoint -q", QuoteString(path), "&& echo yes || echo no")

    @staticmethod
    def default() -> bool:
        """Return that it is none."""
        return False

    def process(self, output: list[str]) -> bool:
        """Return the answer. Raise FactProcessError for another one."""
        if output not in (["yes"], ["no"]):
            raise FactProcessError(f"mountpoint answered {output!r}")
        return output == ["yes"]


class FilesIn(FactBase[tuple[str, ...]]):
    """The files directly in a directory; none where it is not there."""

    def command(self, directory: str) -> StringCommand:
        """Return the command."""
        found = StringCommand("find", QuoteString(directory), "-maxdepth 1 -type f 2>/dev/null")
        return StringCommand(found, "; true")

    @staticmethod
    def default() -> tuple[str, ...]:
        """Return that there are none."""
        return ()

    def process(self, output: list[str]) -> tuple[str, ...]:
        """Return their paths, sorted."""
        return tuple(sorted(output))
