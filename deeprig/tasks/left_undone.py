"""What must follow from a changed file, and was left undone by a run that was cut in between.

The next run finds the file in place, and so unchanged; what should follow is seen on the host.
"""

from __future__ import annotations

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.facts import FactBase


class NewerFiles(FactBase[tuple[str, ...]]):
    """Those of ``files`` that were changed after ``than``, which is made from them, was made.

    A time that is still to come says nothing (the clock was wrong): such a file is left out.
    """

    def command(self, files: tuple[str, ...], than: str) -> StringCommand:
        """Return the command; what is not there is no newer (find(1), -newer)."""
        found = StringCommand(*(QuoteString(path) for path in (*files, "-newer", than)))
        return StringCommand("find", found, r"! -newermt now -print 2>/dev/null; true")

    @staticmethod
    def default() -> tuple[str, ...]:
        """Return that none is."""
        return ()

    def process(self, output: list[str]) -> tuple[str, ...]:
        """Return the paths."""
        return tuple(output)


class StaleUnits(FactBase[tuple[str, ...]]):
    """Units whose files changed since systemd has read them (systemctl(1), NeedDaemonReload).

    A masked unit is none: its drop-ins are never read, and it would be told for ever.
    """

    def command(self, units: tuple[str, ...]) -> StringCommand:
        """Return the command."""
        told = "--property=Id,LoadState,NeedDaemonReload"
        return StringCommand("systemctl", "show", told, *units)

    @staticmethod
    def default() -> tuple[str, ...]:
        """Return that none is."""
        return ()

    def process(self, output: list[str]) -> tuple[str, ...]:
        """Return the units; their properties come in blocks, in no order."""
        blocks = "\n".join(output).split("\n\n")
        shown = [dict(line.partition("=")[::2] for line in block.split("\n")) for block in blocks]
        return tuple(
            unit["Id"]
            for unit in shown
            if unit.get("NeedDaemonReload") == "yes" and unit.get("LoadState") != "masked"
        )
