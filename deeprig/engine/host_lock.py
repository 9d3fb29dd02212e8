"""Who holds a host: one run at a time changes it, and the next one learns whose work it meets.

The lock itself is ``host_lock.sh``, which runs on the host as long as its run sends signs of life.
"""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.exceptions import FactProcessError
from pyinfra.api.facts import FactBase

from deeprig.engine.shell_text import shell_text

#: Of root alone to write in, and empty after every boot (file-hierarchy(7)).
DIRECTORY = "/run/deeprig"
#: A run sends a sign of life this often, and one that was silent for so long is lost. A run notices
#: a cut cable earlier (deeprig.engine.connector), so that it never goes on without its lock.
BEAT_SECONDS, SILENT_SECONDS = 5, 60


@dataclass(frozen=True, slots=True)
class LockOwner:
    """A run that holds, or held, a host. Seconds are the host's; ``since`` is the run's clock."""

    token: str
    owner: str
    pid: int
    command: str
    since: str
    held_seconds: int
    silent_seconds: int

    @property
    def told(self) -> str:
        """Return who it is, as a person reads it."""
        who = f"{self.owner}, pid {self.pid}, since {self.since} ({self.command}"
        return f"{who}, {minutes(self.held_seconds)} ago)"


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that wants a host: what its lock's data will say."""

    token: str
    owner: str
    pid: int
    command: str
    since: str

    @classmethod
    def of_this_process(cls, command: str) -> Claim:
        """Return the claim of a run of this process."""
        return cls(
            token=os.urandom(8).hex(),
            owner=f"{_login()}@{socket.gethostname()}",
            pid=os.getpid(),
            command=command,
            since=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC"),
        )

    def holding(self) -> StringCommand:
        """Return the command that holds the host (as root)."""
        text = shell_text("host_lock.sh")
        place = (DIRECTORY, str(SILENT_SECONDS))
        whose = (self.token, self.owner, str(self.pid), self.command, self.since)
        words = (text, "deeprig-hold", *place, *whose)
        return StringCommand("sh", "-c", *(QuoteString(word) for word in words))


class HostLock(FactBase[LockOwner | None]):
    """The live run that changes the host now, or None. Nothing is locked by asking."""

    def command(self) -> StringCommand:
        """Return a command that prints the data of a holder that is alive and heard of."""
        words = (_LOOK, "deeprig-look", DIRECTORY, str(SILENT_SECONDS))
        return StringCommand("sh", "-c", *(QuoteString(word) for word in words))

    @staticmethod
    def default() -> LockOwner | None:
        """Return that nobody changes it."""
        return None

    def process(self, output: list[str]) -> LockOwner | None:
        """Return the owner. Raise FactProcessError where the data cannot be read."""
        try:
            return owner_of(output)
        except ValueError as error:
            raise FactProcessError(f"the host's lock cannot be read: {error}") from error


#: proc(5): field 22 of stat is when a process started; a number alone may be another's by now.
_LOOK = r"""
data=$1/host.owner
[ -r "$data" ] || exit 0
grep -qx "boot $(cat /proc/sys/kernel/random/boot_id)" "$data" || exit 0
holder=$(sed -n 's/^holder //p' "$data") start=$(sed -n 's/^start //p' "$data")
stat=$(cat "/proc/$holder/stat" 2>/dev/null) || exit 0
set -- "$1" "$2" ${stat##*) }
[ "${22}" = "$start" ] || exit 0
read -r uptime _ </proc/uptime
uptime=${uptime%.*}
life=$(cat "$1/host.life" 2>/dev/null || echo "$uptime")
[ $((uptime - life)) -le "$2" ] || exit 0
cat "$data"
echo "silent $((uptime - life))"
echo "uptime $uptime"
"""


def owner_of(lines: Iterable[str]) -> LockOwner | None:
    """Return whose data the lines are; None for no data. Raise ValueError for damaged data."""
    found = dict(line.partition(" ")[::2] for line in lines if line.strip())
    if not found:
        return None
    try:
        uptime = int(found["uptime"])
        return LockOwner(
            token=found["token"],
            owner=found["owner"],
            pid=int(found["pid"]),
            command=found["command"],
            since=found["since"],
            held_seconds=uptime - int(found["since_uptime"]),
            silent_seconds=int(found["silent"]),
        )
    except KeyError as error:
        raise ValueError(f"it lacks {error}") from error


def minutes(seconds: int) -> str:
    """Return a length of time for people: ``40 s``, ``12 min``, ``3 h 5 min``."""
    if seconds < 120:
        return f"{seconds} s"
    hours, rest = divmod(seconds // 60, 60)
    return f"{hours} h {rest} min" if hours else f"{rest} min"


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without an entry, as in a container
        return str(os.getuid())
