"""What the monitoring role asks a host: what runs with less than what is on disk.

A run that was cut between the change of a file and what must follow leaves the file in place; the
next run sees here that what runs is older.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.exceptions import FactProcessError
from pyinfra.api.facts import FactBase

from deeprig.tasks.host_programs import PYTHON

#: A file whose time is still to come says nothing: the clock was wrong.
_NEWER = """
def newest(files):
    times = [os.stat(f).st_mtime for f in files if os.path.exists(f)]
    return max((t for t in times if t <= time.time()), default=0.0)
"""
#: Each argument is a unit and its files, a line each. CLOCK_MONOTONIC is systemd's clock here
#: (systemctl(1), ActiveEnterTimestampMonotonic, in microseconds).
_OLD_SERVICES = f"""
import os, subprocess, sys, time
{_NEWER}
boot = time.time() - time.clock_gettime(time.CLOCK_MONOTONIC)
for argument in sys.argv[1:]:
    unit, *files = argument.splitlines()
    shown = subprocess.run(
        ["systemctl", "show", "--property=ActiveState,ActiveEnterTimestampMonotonic", unit],
        stdout=subprocess.PIPE, universal_newlines=True, check=True).stdout
    told = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    entered = int(told.get("ActiveEnterTimestampMonotonic") or 0)
    if told.get("ActiveState") == "active" and boot + entered / 1e6 < newest(files):
        print(unit)
"""
#: Prometheus and Alertmanager tell when they last read their configuration, on /metrics.
_OLD_CONFIGURATION = f"""
import os, sys, time, urllib.error, urllib.request
{_NEWER}
url, *files = sys.argv[1:]
direct = urllib.request.build_opener(urllib.request.ProxyHandler({{}}))
try:
    text = direct.open(url, timeout=10).read().decode()
except (urllib.error.URLError, OSError):
    sys.exit(0)
for line in text.splitlines():
    name, _, value = line.rpartition(" ")
    if not line.startswith("#") and name.endswith("_config_last_reload_success_timestamp_seconds"):
        if float(value) < newest(files):
            print(url)
"""


class OldServices(FactBase[tuple[str, ...]]):
    """Units that run since before one of their files was changed; the others are left out."""

    def command(self, units: Mapping[str, tuple[str, ...]]) -> StringCommand:
        """Return the command; ``units`` has the files of each unit."""
        arguments = ("\n".join((unit, *files)) for unit, files in units.items())
        return _script(_OLD_SERVICES, *arguments)

    @staticmethod
    def default() -> tuple[str, ...]:
        """Return that there is none."""
        return ()

    def process(self, output: list[str]) -> tuple[str, ...]:
        """Return the units. Raise FactProcessError for what is no name of a unit."""
        for line in output:
            if not line.endswith((".service", ".timer", ".path")):
                raise FactProcessError(f"this is no unit: {line[:200]}")
        return tuple(output)


class HasOldConfiguration(FactBase[bool]):
    """Whether a server that answers at ``url`` has read its configuration before it was changed.

    One that does not answer has none: it reads it when it starts.
    """

    def command(self, url: str, files: tuple[str, ...]) -> StringCommand:
        """Return the command; ``url`` is that of its own metrics."""
        return _script(_OLD_CONFIGURATION, url, *files)

    @staticmethod
    def default() -> bool:
        """Return that it has not."""
        return False

    def process(self, output: list[str]) -> bool:
        """Return whether anything was told."""
        return bool(output)


def _script(text: str, *arguments: str) -> StringCommand:
    words = [QuoteString(word) for word in (text, *arguments)]
    # Without python3 nothing of this role runs yet.
    return StringCommand("if", "[", "-x", PYTHON, "];", "then", PYTHON, "-c", *words, ";", "fi")
