"""Tell what hardware this machine has: ``python3 -m deeprig_host.audit``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from deeprig_host.audit.collect import collect
from deeprig_host.audit.tree import Tree
from deeprig_host.machine import program


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one JSON object on standard output; what cannot be told is null and no failure."""
    parser = argparse.ArgumentParser(prog="deeprig_host audit", description=__doc__)
    parser.add_argument("--root", default="/", help="root directory of a recorded host")
    options = parser.parse_args(arguments)
    root = Path(options.root)
    if not root.is_dir():
        parser.error(f"--root {options.root}: no such directory")
    program.tell(collect(Tree(root)))
    return program.GOOD


if __name__ == "__main__":
    sys.exit(main())
