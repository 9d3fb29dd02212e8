"""Run the tests in parts side by side, and close with one line that counts them all.

Much of the time goes into waiting for throwaway hosts to boot, and no part touches another's. Unit
tests have a process of their own: what half an hour with hosts leaves in a process (programs that
were ended, connections that were cut) is not theirs to meet. (pytest-xdist cannot be used: its
workers' threads do not survive gevent's patching.)

    run_tests.py OUTPUT [PYTEST-OPTION ...]
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

_WITH_HOSTS = ("tests/contract", "tests/e2e")
#: Mark, set by tests/conftest.py, and directories.
_PARTS = (("not beside", _WITH_HOSTS), ("beside", _WITH_HOSTS), ("not beside", ("tests/unit",)))
_WORDS = ("failed", "passed", "skipped", "xfailed", "xpassed", "error", "errors")
#: pytest(1): no test was collected; a part without tests is no failure, all of them are.
_NO_TESTS = 5


def main() -> int:
    """Run, print, write the whole output to a file, and return the exit code."""
    output, *options = sys.argv[1:]
    # A shell starts what it puts into the background with SIGINT ignored, and every program below
    # would inherit that: tests of Ctrl-C would wait for nothing.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    started = time.monotonic()
    logs = [Path(f"{output}.{number}") for number in range(len(_PARTS))]
    with tempfile.TemporaryDirectory(prefix="deeprig-tests-") as place:
        processes = [
            _start(*part, log, options, Path(place, str(number)))
            for number, (part, log) in enumerate(zip(_PARTS, logs, strict=True))
        ]
        try:
            codes = [process.wait() for process in processes]
        except KeyboardInterrupt:
            codes = [process.wait() for process in processes]  # they got it too, and tidy up
    texts = [log.read_text(encoding="utf-8", errors="replace") for log in logs]
    closing = f"{_counts(texts)} in {time.monotonic() - started:.2f}s"
    whole = "\n".join([*texts, closing, ""])
    Path(output).write_text(whole, encoding="utf-8")
    sys.stdout.write(whole)
    bad = [code for code in codes if code not in (0, _NO_TESTS)]
    if not bad and all(code == _NO_TESTS for code in codes):
        return _NO_TESTS
    # A part that a signal ended has a negative code.
    return max((abs(code) for code in bad), default=0)


def _start(
    mark: str, directories: tuple[str, ...], log: Path, options: list[str], place: Path
) -> subprocess.Popen[bytes]:
    # A place of its own: pytest shuts its common one to other users each time that it starts,
    # also for the ordinary users of a test that runs meanwhile.
    place.mkdir()
    place.parent.chmod(0o755)
    environment = os.environ | {"PYTEST_DEBUG_TEMPROOT": str(place)}
    marks = [mark]
    rest = list(options)
    if "-m" in rest:
        at = rest.index("-m")
        marks.append(rest[at + 1])
        del rest[at : at + 2]
    expression = " and ".join(f"({mark})" for mark in marks)
    command = [sys.executable, "-m", "pytest", *rest, "-m", expression, *directories]
    with log.open("wb") as file:
        return subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=environment)


def _counts(texts: list[str]) -> str:
    found: Counter[str] = Counter()
    for text in texts:
        last = next((x for x in reversed(text.splitlines()) if re.search(r" in [\d.]+s", x)), "")
        for number, word in re.findall(rf"(\d+) ({'|'.join(_WORDS)})\b", last):
            found["failed" if word.startswith("error") else word] += int(number)
    words = [word for word in _WORDS if found[word]]
    return ", ".join(f"{found[word]} {word}" for word in words) or "no tests ran"


if __name__ == "__main__":
    sys.exit(main())
