"""Ask the host's own web servers, from the host itself: they listen to nobody else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from deeprig.tasks.host_programs import PYTHON

Found = TypeVar("Found")
_LONGEST_ERROR = 300
_SECONDS = 10
#: Prints the time there, and what the URL answered. A proxy is not for the machine's own addresses.
_ASK = """
import json, sys, time, urllib.error, urllib.request
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    told = {"text": direct.open(sys.argv[1], timeout=int(sys.argv[2])).read().decode()}
except urllib.error.HTTPError as error:
    told = {"error": "HTTP %d: %s" % (error.code, error.read().decode(errors="replace"))}
except (urllib.error.URLError, OSError) as error:
    told = {"error": str(error)}
print(json.dumps(dict(told, now=time.time())))
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a URL answered, or why it did not; ``now`` is the host's time, 0 where not known."""

    text: str | None
    error: str = ""
    now: float = 0.0

    @property
    def data(self) -> Any:
        """Return the ``data`` of an answer of Prometheus' API; None where there is none."""
        try:
            return json.loads(self.text or "")["data"]
        except (ValueError, KeyError, TypeError):
            return None


def asked(host: Any, url: str) -> Asked:
    """Return what the host got from a URL."""
    done = host.run(f"{PYTHON} -c %s %s %s", _ASK, url, str(_SECONDS))
    if done.rc != 0:
        return Asked(None, (done.stderr or done.stdout).strip()[-_LONGEST_ERROR:])
    told = json.loads(done.stdout)
    return Asked(told.get("text"), str(told.get("error", ""))[-_LONGEST_ERROR:], float(told["now"]))


def once_known(look: Callable[[], Found], is_known: Callable[[Found], bool], seconds: int) -> Found:
    """Return what is seen once it is known, or after so many seconds.

    What was started a moment ago has nothing to say yet; what is known to be bad is not waited for.
    """
    until = time.monotonic() + seconds
    found = look()
    while not is_known(found) and time.monotonic() < until:
        time.sleep(1)
        found = look()
    return found
