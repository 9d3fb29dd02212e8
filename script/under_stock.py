"""Run the end-to-end tests under pyinfra's own way of carrying commands, and write what came of it.

    under_stock.py [--lanes 2] [FILE ...]   run tests/e2e (or some of it), each file by itself
    under_stock.py --table                  write the table of docs/transport.md from what was kept

What has ended is kept in build/under-stock, with the commit that it ran at. Needs what script/test
needs. Tests that do not fit in 30 minutes (mark "full") are left out.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "script"))

from generated_end import GeneratedEnd  # noqa: E402 - found by the line above

_MARK = "<!-- below: python script/under_stock.py -->"
_KEPT = ROOT / "build" / "under-stock"
#: pytest(1): nothing was collected: all tests of a file may be full.
_FINE = (0, 5)


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of one file: counts, and the tests that did not pass."""

    file: str
    when: datetime
    commit: str
    passed: int
    skipped: int
    bad: tuple[str, ...]
    seconds: float

    @classmethod
    def read(cls, path: Path) -> Kept:
        """Read pytest's JUnit file, and the commit beside it."""
        suite = ElementTree.parse(path).getroot().find("testsuite")  # noqa: S314 - our own
        if suite is None:
            raise ValueError(f"{path}: no test suite")
        cases = suite.findall("testcase")
        bad = [c for c in cases if c.find("failure") is not None or c.find("error") is not None]
        skipped = [c for c in cases if c.find("skipped") is not None]
        return cls(
            f"{path.stem}.py",
            datetime.fromisoformat(suite.attrib["timestamp"]),
            path.with_suffix(".commit").read_text(encoding="utf-8").strip(),
            len(cases) - len(bad) - len(skipped),
            len(skipped),
            tuple(case.attrib["name"] for case in bad),
            float(suite.attrib["time"]),
        )


def run(file: str) -> int:
    """Run one file of tests; return pytest's exit code."""
    name = Path(file).stem
    temporary = _KEPT / f"{name}.tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    own = {"DEEPRIG_TRANSPORT": "stock", "PYTEST_DEBUG_TEMPROOT": str(temporary)}
    words = ("-q", "-p", "no:cacheprovider", "-m", "not full", "--tb=short")
    xml = f"--junit-xml={_KEPT / name}.xml"
    (_KEPT / f"{name}.commit").write_text(_commit(), encoding="utf-8")
    with (_KEPT / f"{name}.log").open("wb") as log:
        code = subprocess.run(
            (sys.executable, "-m", "pytest", *words, xml, f"tests/e2e/{name}.py"),
            cwd=ROOT,
            env=os.environ | own,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    sys.stderr.write(f"{name}: exit {code}\n")
    return code


def table() -> str:
    """Return the table of all that was kept."""
    kept = sorted((Kept.read(path) for path in _KEPT.glob("test_*.xml")), key=lambda one: one.file)
    ran = [one for one in kept if one.passed or one.skipped or one.bad]
    passed, bad = sum(one.passed for one in ran), sum(len(one.bad) for one in ran)
    times = sorted(f"{one.when:%Y-%m-%d %H:%M}" for one in ran)
    commits = ", ".join(sorted({one.commit for one in ran}))
    lines = [
        f"\n{passed} passed, {bad} did not; {times[0]} to {times[-1]}, at {commits}.\n",
        "| tests/e2e | passed | skipped | not passed | seconds |",
        "|---|---|---|---|---|",
    ]
    for one in ran:
        cells = (one.file, one.passed, one.skipped or "", "; ".join(one.bad), f"{one.seconds:.0f}")
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def _commit() -> str:
    words = ("git", "rev-parse", "--short", "HEAD")
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def main() -> int:
    """Run what was asked for, write the table, and return 1 where a file did not pass."""
    words = sys.argv[1:]
    lanes = int(words.pop(words.index("--lanes") + 1)) if "--lanes" in words else 1
    files = [word for word in words if not word.startswith("--")]
    if not files and "--table" not in words:
        files = sorted(path.name for path in (ROOT / "tests" / "e2e").glob("test_*.py"))
    with ThreadPoolExecutor(lanes) as pool:
        codes = list(pool.map(run, files))
    GeneratedEnd(ROOT / "docs" / "transport.md", _MARK, table).write()
    return 0 if all(code in _FINE for code in codes) else 1


if __name__ == "__main__":
    sys.exit(main())
