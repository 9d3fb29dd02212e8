"""Run the tests in lanes side by side, and close with one line that counts them all.

Much of the time goes into waiting for throwaway hosts to boot, and no lane touches another's. Unit
tests have a process of their own: what half an hour with hosts leaves in a process (programs that
were ended, connections that were cut) is not theirs to meet. (pytest-xdist cannot be used: its
workers' threads do not survive gevent's patching.)

    run_tests.py OUTPUT [PYTEST-OPTION ...]
"""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path

#: Mark, set by tests/conftest.py, and directories.
Part = tuple[str, tuple[str, ...]]
#: The files of end-to-end tests from this name on follow in the lane that has less to do.
_SECOND_HALF = "test_n"
_END_TO_END = sorted(Path("tests/e2e").glob("test_*.py"))
_HALVES = (
    tuple(str(path) for path in _END_TO_END if path.name < _SECOND_HALF),
    tuple(str(path) for path in _END_TO_END if path.name >= _SECOND_HALF),
)
#: The lanes run side by side, the parts of a lane one after the other.
_LANES: tuple[tuple[Part, ...], ...] = (
    (("not beside", _HALVES[0]),),
    (("beside", ("tests/contract", "tests/e2e")),),
    (
        ("not beside", ("tests/unit",)),
        ("not beside", ("tests/contract",)),
        ("not beside", _HALVES[1]),
    ),
)
_WORDS = ("failed", "passed", "skipped", "xfailed", "xpassed", "error", "errors")
#: pytest(1): no test was collected; a part without tests is no failure, all of them are.
_NO_TESTS = 5
#: bash(1): 128 and the number of SIGINT.
_INTERRUPTED = 130
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Run:
    """One part: what pytest is called with, and where its output goes."""

    command: tuple[str, ...]
    log: Path
    place: Path


def main() -> int:
    """Run, print, write the whole output to a file, and return the exit code."""
    output, *options = sys.argv[1:]
    # A shell starts what it puts into the background with SIGINT ignored, and every program below
    # would inherit that: tests of Ctrl-C would wait for nothing.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="deeprig-tests-") as place:
        number = itertools.count()
        lanes = [[_run(part, output, next(number), options, place) for part in x] for x in _LANES]
        codes = _follow(lanes)
    logs = [run.log for lane in lanes for run in lane if run.log.exists()]
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


def _follow(lanes: list[list[Run]]) -> list[int]:
    """Run all lanes side by side, and return the exit codes of their parts."""
    waiting = [deque(lane) for lane in lanes]
    running: list[subprocess.Popen[bytes] | None] = [None for _ in lanes]
    codes: list[int] = []
    is_stopped = False
    while any(waiting) or any(running):
        try:
            for at, process in enumerate(running):
                if process is not None and process.poll() is not None:
                    codes.append(process.returncode)
                    running[at] = None
                if running[at] is None and waiting[at]:
                    running[at] = _start(waiting[at].popleft())
            time.sleep(_LOOK_SECONDS)
        except KeyboardInterrupt:  # the parts got it too, and tidy up
            is_stopped = True
            for lane in waiting:
                lane.clear()
    return [*codes, _INTERRUPTED] if is_stopped else codes


def _run(part: Part, output: str, number: int, options: list[str], place: str) -> Run:
    mark, directories = part
    marks, rest = [mark], list(options)
    if "-m" in rest:
        at = rest.index("-m")
        marks.append(rest[at + 1])
        del rest[at : at + 2]
    log = Path(f"{output}.{number}")
    log.unlink(missing_ok=True)
    # All durations, for whoever must make the tests quicker.
    xml = f"--junit-xml={output}.{number}.xml"
    expression = " and ".join(f"({mark})" for mark in marks)
    command = (sys.executable, "-m", "pytest", *rest, xml, "-m", expression, *directories)
    return Run(command, log, Path(place, str(number)))


def _start(run: Run) -> subprocess.Popen[bytes]:
    # A place of its own: pytest shuts its common one to other users each time that it starts,
    # also for the ordinary users of a test that runs meanwhile.
    run.place.mkdir()
    run.place.parent.chmod(0o755)
    environment = os.environ | {"PYTEST_DEBUG_TEMPROOT": str(run.place)}
    with run.log.open("wb") as file:
        return subprocess.Popen(run.command, stdout=file, stderr=subprocess.STDOUT, env=environment)


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
