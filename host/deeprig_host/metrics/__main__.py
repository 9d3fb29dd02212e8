"""``python -m deeprig_host.metrics``: write the host's metrics, once or again and again."""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path

from deeprig_host.machine.commands import Machine
from deeprig_host.metrics.collector import Collector
from deeprig_host.metrics.exposition import exposition, write
from deeprig_host.metrics.nvml import NvmlReader
from deeprig_host.metrics.nvml_child import asking
from deeprig_host.metrics.nvml_wait import Patience

#: Where Debian's and Ubuntu's prometheus-node-exporter looks.
OUTPUT = "/var/lib/prometheus/node-exporter/deeprig.prom"


class Told:
    """Says a line when it is new: what is wrong for hours is said once, and when it comes back."""

    def __init__(self) -> None:
        self._last: frozenset[str] = frozenset()

    def say(self, lines: frozenset[str]) -> None:
        """Say the lines that were not there the last time."""
        for line in sorted(lines - self._last):
            print(f"deeprig metrics: {line}", file=sys.stderr, flush=True)  # noqa: T201
        self._last = lines


def one_pass(collector: Collector, output: str, told: Told) -> int:
    """Collect and write. Return 1 where the file could not be written: the old one stays."""
    found = collector.collect()
    lines = {f"{failure.part}: {failure.text}" for failure in found.failures}
    text = exposition(found.samples)
    code = 0
    try:
        if output == "-":
            sys.stdout.buffer.write(text)
            sys.stdout.flush()
        else:
            write(Path(output), text)
    except OSError as error:
        lines.add(f"{output} stays as it was: {error.strerror}")
        code = 1
    told.say(frozenset(lines))
    return code


def main(arguments: list[str]) -> int:
    """Run the program and return its exit code."""
    options = _parser().parse_args(arguments)
    machine = Machine(Path("/"))
    collector = Collector(machine, NvmlReader(asking(machine), Patience()))
    told = Told()
    if options.every is None:
        return one_pass(collector, options.output, told)
    while True:
        began = time.monotonic()
        one_pass(collector, options.output, told)
        time.sleep(max(0.0, options.every - (time.monotonic() - began)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="deeprig_host.metrics", description=__doc__)
    parser.add_argument("--output", default=OUTPUT, help=f"file to write, - prints; {OUTPUT}")
    parser.add_argument(
        "--every", type=_seconds, metavar="SECONDS", help="go on, one pass in so many seconds"
    )
    return parser


def _seconds(text: str) -> float:
    seconds = float(text)
    if not math.isfinite(seconds) or seconds < 1:
        raise argparse.ArgumentTypeError("1 second or more")
    return seconds


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
