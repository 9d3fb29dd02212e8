"""`python -m tests.channel build OUT [--cache DIR]`, from the repository root."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from .api import DEFAULT_CACHE, build
from .tools import BuildFailed


def main(arguments: list[str]) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.channel", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("build", help="make OUT/channel, installer and wheelhouse")
    command.add_argument("out", metavar="OUT", type=Path)
    command.add_argument("--cache", metavar="DIR", type=Path, help=f"default: {DEFAULT_CACHE}")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        result = build(options.out, options.cache)
    except BuildFailed as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    seconds = time.monotonic() - started
    sys.stdout.write(
        f"channel    {result.channel}: {len(result.packages)} packages\n"
        f"installer  {result.installer} (simulated conda {result.conda_version})\n"
        f"sha256     {result.installer_sha256}\n"
        f"wheelhouse {result.wheelhouse}: {len(result.wheels)} wheels\n"
        f"built in {seconds:.1f} s\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
