"""Tell the state of this machine for comparison with others: ``deeprig_host.pyz fleet ORDER``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from deeprig_host.fleet.order import order_of
from deeprig_host.fleet.tell import tell_state
from deeprig_host.machine import program
from deeprig_host.machine.commands import Machine


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one JSON object on standard output; what cannot be read is in its ``unknown``."""
    parser = argparse.ArgumentParser(prog="deeprig_host fleet", description=__doc__)
    parser.add_argument("--root", default="/", help="root directory (for tests)")
    parser.add_argument("order", help="JSON: sections, names, files and prefixes to look at")
    options = parser.parse_args(arguments)
    try:
        order = order_of(options.order)
    except ValueError as error:
        parser.error(f"ORDER: {error}")
    program.tell(tell_state(Machine(Path(options.root)), order))
    return program.GOOD


if __name__ == "__main__":
    sys.exit(main())
