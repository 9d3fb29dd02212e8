"""What must follow from a changed file, and was left undone by a run that was cut in between.

The next run finds the file in place, and so unchanged; what should follow is seen on the host.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.exceptions import FactProcessError
from pyinfra.api.facts import FactBase
from pyinfra.api.host import Host
from pyinfra.context import ctx_host


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


_UP_TO_NOW = (
    'while IFS= read -r line; do [ "${line%%=*}" -gt "$now" ] || printf "%s\\n" "$line"; done'
)
#: When systemd began to start a unit, and when the command of its own began: after ExecStartPre=.
STARTED, COMMAND_STARTED = "InactiveExitTimestamp", "ExecMainStartTimestamp"


@dataclass(frozen=True, slots=True)
class LastStart:
    """A unit's state, and those files that were changed after it was last started.

    ``newer`` is empty where it was not started since the boot: what starts it next reads them all.
    """

    state: str
    newer: tuple[str, ...]

    @property
    def is_running(self) -> bool:
        """Say whether it is up (a oneshot never is)."""
        return self.state in ("active", "reloading")


class SinceLastStart(FactBase[LastStart]):
    """Those of ``files`` that ``unit`` has not read: changed in a later second than it was started.

    A directory is newer when something was removed from it. A time that is still to come says
    nothing.
    """

    def command(self, unit: str, files: tuple[str, ...], start: str = STARTED) -> StringCommand:
        """Return the command; ``start`` is the property of the unit that holds the time.

        systemctl(1) writes times in seconds, and in the zone that it is given. What time it is is
        not in the answer: where nothing changes, that stays what it is (docs/recheck.md).
        """
        shown = f"--property=ActiveState,{start}"
        there = StringCommand("stat", "--format=%Y=%n", *(QuoteString(path) for path in files))
        asked = StringCommand("TZ=UTC LC_ALL=C systemctl show", shown, QuoteString(unit))
        return StringCommand(asked, "&& now=$(date +%s) &&", there, "2>/dev/null |", _UP_TO_NOW)

    @staticmethod
    def default() -> LastStart:
        """Return that it does not run."""
        return LastStart(state="inactive", newer=())

    def process(self, output: list[str]) -> LastStart:
        """Compare the times. Raise FactProcessError for an answer without them."""
        rows = [line.partition("=") for line in output if line.strip()]
        told = {key: value for key, _, value in rows if not key.isdigit()}
        times = [value for key, value in told.items() if key.endswith("Timestamp")]
        if "ActiveState" not in told or len(times) != 1:
            raise FactProcessError(f"systemctl show printed {output!r}")
        started = _seconds(times[0])
        changed = [(int(key), path) for key, _, path in rows if key.isdigit()]
        newer = (path for at, path in changed if started is not None and started < at)
        return LastStart(told["ActiveState"], tuple(newer))


def runs_since_before(unit: str, *files: str) -> bool:
    """Say whether a unit runs, on the host of this operation, with less than its files say."""
    host: Host = ctx_host.get()
    found: LastStart = host.get_fact(SinceLastStart, unit=unit, files=files)
    return found.is_running and bool(found.newer)


def _seconds(text: str) -> int | None:
    """Return a time as systemctl(1) writes it in unix seconds, None where there is none."""
    if text in ("", "n/a"):
        return None
    _, _, without_weekday = text.partition(" ")
    try:
        at = datetime.strptime(without_weekday.replace("UTC", "+0000"), "%Y-%m-%d %H:%M:%S %z")
    except ValueError as error:
        raise FactProcessError(f"systemctl wrote the time {text!r}") from error
    return int(at.timestamp())
