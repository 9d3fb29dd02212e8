"""What the monitoring role asks a host: what runs with less than what is on disk.

A run that was cut between the change of a file and what must follow leaves the file in place; the
next run sees here that what runs is older.
"""

from __future__ import annotations

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.facts import FactBase

from deeprig.tasks.host_programs import PYTHON

#: A file whose time is still to come says nothing: the clock was wrong.
_NEWER = """
def newest(files):
    times = [os.stat(f).st_mtime for f in files if os.path.exists(f)]
    return max((t for t in times if t <= time.time()), default=0.0)
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
