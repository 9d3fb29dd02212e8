"""Run the tests that do not fit in 30 minutes, file by file; docs/full-test.md tells what came.

    full_tests.py [--lanes 2] [FILE ...]    all that have such tests, or some of them

script/test --full runs it after everything else.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "script"))

from by_file import Plan, run_all  # noqa: E402 - found by the line above

MARK = "<!-- below: python script/full_tests.py -->"
PAGE = ROOT / "docs" / "full-test.md"


def full_files(*where: str) -> list[str]:
    """Return the files of some places that have such tests, as pytest finds them."""
    words = (sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "full", *where)
    found = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = (line.partition("::")[0] for line in found.splitlines() if "::" in line)
    return list(dict.fromkeys(names))


def main() -> int:
    """Run what was asked for, and return 1 where a file did not pass."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument("--lanes", type=int, default=1, help="files at once")
    options = parser.parse_args()
    return run_all(
        options.files or full_files("tests"), Plan("full", {}), PAGE, MARK, options.lanes
    )


if __name__ == "__main__":
    sys.exit(main())
