"""Run the end-to-end tests under pyinfra's own way of carrying commands; docs/transport.md tells.

    under_stock.py [--lanes 2] [FILE ...]    all of tests/e2e, or some of it, each file by itself

Needs what script/test needs. Tests that do not fit in 30 minutes (mark "full") are left out.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "script"))

from by_file import Plan, run_all  # noqa: E402 - found by the line above

MARK = "<!-- below: python script/under_stock.py -->"
PAGE = ROOT / "docs" / "transport.md"


def main() -> int:
    """Run what was asked for, and return 1 where a file did not pass."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument("--lanes", type=int, default=1, help="files at once")
    options = parser.parse_args()
    every = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("tests/e2e/test_*.py"))
    plan = Plan("not full", {"DEEPRIG_TRANSPORT": "stock"})
    return run_all(options.files or every, plan, PAGE, MARK, options.lanes)


if __name__ == "__main__":
    sys.exit(main())
