"""Test files run one by one, and a page's table of what came of each, when, and at which commit.

A page keeps the rows of files that a run left out: each says of itself how old it is.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from threading import Lock
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
_HEAD = (
    "| file | date | commit | passed | skipped | not passed | seconds |",
    "|---|---|---|---|---|---|---|",
)
#: pytest(1): no test was collected.
_NO_TESTS = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """What all files are run with: marks, and variables of the environment beside our own."""

    marks: str
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one file."""

    file: str
    date: str
    commit: str
    passed: int
    skipped: int
    not_passed: tuple[str, ...]
    seconds: float

    @property
    def text(self) -> str:
        """Return it as a line of the table."""
        cells = (self.file, self.date, self.commit, self.passed, self.skipped or "")
        more = ("; ".join(self.not_passed), f"{self.seconds:.0f}")
        return f"| {' | '.join(map(str, (*cells, *more)))} |"


def row_of(file: str, xml: Path, code: int, commit: str) -> Row:
    """Return the row that pytest's JUnit file and exit code make.

    A file that came to no result has not passed, whatever its tests say.
    """
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M")
    suite = ElementTree.parse(xml).getroot().find("testsuite") if xml.exists() else None  # noqa: S314
    if suite is None:
        return Row(file, now, commit, 0, 0, (f"no result: exit {code}",), 0)
    cases = suite.findall("testcase")
    bad = [c for c in cases if c.find("failure") is not None or c.find("error") is not None]
    names = tuple(dict.fromkeys(case.attrib["name"].replace("|", "/") for case in bad))
    if code not in (0, _NO_TESTS) and not names:
        names = (f"exit {code}",)
    skipped = sum(case.find("skipped") is not None for case in cases)
    begun = suite.attrib["timestamp"][:16].replace("T", " ")
    passed = len(cases) - len(bad) - skipped
    return Row(file, begun, commit, passed, skipped, names, float(suite.attrib["time"]))


def run_all(files: Iterable[str], plan: Plan, page: Path, mark: str, lanes: int) -> int:
    """Run files of tests, and put each one's row into the page as it ends. Return an exit code."""
    lock = Lock()
    with ThreadPoolExecutor(lanes) as pool:
        rows = list(pool.map(partial(_run, plan=plan, page=page, mark=mark, lock=lock), files))
    return 1 if any(row.not_passed for row in rows) else 0


def _run(file: str, *, plan: Plan, page: Path, mark: str, lock: Lock) -> Row:
    with tempfile.TemporaryDirectory(prefix="deeprig-tests-") as place:
        xml = Path(place, "junit.xml")
        words = ["-q", "-p", "no:cacheprovider", "-m", plan.marks, "--tb=short"]
        command = [sys.executable, "-m", "pytest", *words, f"--junit-xml={xml}", file]
        log = ROOT / "build" / "by-file" / f"{Path(file).stem}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        own = {"PYTEST_DEBUG_TEMPROOT": place, **plan.variables}
        with log.open("wb") as said:
            code = subprocess.run(
                command,
                cwd=ROOT,
                env=os.environ | own,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode
        row = row_of(file, xml, code, _commit())
    with lock:
        if code != _NO_TESTS:
            text = page.read_text(encoding="utf-8")
            page.write_text(with_rows(text, mark, [row]), encoding="utf-8")
        sys.stderr.write(f"{row.text}\n")
    return row


def with_rows(page: str, mark: str, rows: Iterable[Row]) -> str:
    """Return a page with these rows in its table. Raise ValueError where it has no place for it."""
    head, found, rest = page.partition(mark)
    if not found:
        raise ValueError(f"there is no line {mark}")
    lines = {
        line.split(" | ")[0]: line for line in rest.splitlines() if line.startswith("| tests/")
    }
    lines |= {row.text.split(" | ")[0]: row.text for row in rows}
    return "\n".join((f"{head}{mark}\n", *_HEAD, *(lines[key] for key in sorted(lines)), ""))


def _commit() -> str:
    words = ("git", "rev-parse", "--short", "HEAD")
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()
