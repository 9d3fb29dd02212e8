"""Burn this machine in: ``python -m deeprig_host.burn run --python ENVIRONMENT/bin/python``.

Prints the suite's lines of JSON. Exit 0: nothing failed. 1: something did. 2: it could not begin.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from deeprig_host.burn.burning import burn
from deeprig_host.burn.faults import xids_since
from deeprig_host.burn.limits import Limits
from deeprig_host.burn.result import GROUP, NAME, result
from deeprig_host.burn.wanted import Wanted
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused
from deeprig_host.training.cases import CaseResult, failed
from deeprig_host.training.cut import Cut, cut_by_signals
from deeprig_host.training.events import Events

GOOD, FAILED, NOT_BEGUN = 0, 1, 2
_MOST_SECONDS = 31 * 86_400


def main(arguments: Sequence[str] | None = None) -> int:
    """Burn, and return the exit code."""
    options = _parser().parse_args(arguments)
    machine, limits = Machine(Path(options.root)), Limits()
    if not limits.least_seconds <= options.seconds < _MOST_SECONDS:  # nan is neither
        least = f"{limits.least_seconds} at least, to compare end and begin"
        sys.stderr.write(f"--seconds: {least}; a month at most\n")
        return NOT_BEGUN
    with tempfile.TemporaryDirectory(prefix="deeprig-burn-") as unkept, cut_by_signals():
        events = Events(_write, Path(options.workdir or unkept))
        try:
            return _burn(machine, _wanted(options), limits, events)
        except Cut as cut:
            sys.stderr.write(f"cut: {cut}\n")
            return FAILED


def _burn(machine: Machine, wanted: Wanted, limits: Limits, events: Events) -> int:
    events.started((NAME,))
    events.case_started(NAME)
    began = time.monotonic()
    try:
        seen = burn(machine, wanted, limits, lambda share, text: events.progress(NAME, share, text))
        told = result(seen, xids_since(machine, seen.kernel), limits)
    except Refused as refused:
        told = _refused(refused)
    except OSError as error:
        told = replace(failed(f"{wanted.python}: {error.strerror}"), name=NAME, group=GROUP)
    events.case_finished(replace(told, seconds=round(time.monotonic() - began, 2)))
    return GOOD if told.outcome == "pass" else FAILED


def _refused(refused: Refused) -> CaseResult:
    told = "; ".join((refused.reason, *refused.evidence, refused.remedy))
    return replace(failed(told), name=NAME, group=GROUP)


def _wanted(options: argparse.Namespace) -> Wanted:
    wanted = Wanted(
        Path(options.python),
        options.seconds,
        options.gpus,
        has_cpu=not options.no_cpu,
        has_ram=not options.no_ram,
        seed=options.seed,
        size=options.size,
        account=options.account,
    )
    return replace(wanted, worker=Path(options.worker)) if options.worker else wanted


def _write(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="deeprig_host.burn", description=__doc__)
    parser.add_argument("--root", default="/", help="root directory (for tests)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="burn and judge")
    run.add_argument("--python", required=True, help="of the environment, which has PyTorch")
    run.add_argument("--seconds", type=float, default=60.0)
    run.add_argument("--gpus", type=int, metavar="N", help="exactly N GPUs are expected")
    run.add_argument("--no-cpu", action="store_true", help="do not load the CPU beside them")
    run.add_argument("--no-ram", action="store_true", help="do not load main memory beside them")
    run.add_argument("--seed", type=int, default=20)
    run.add_argument("--size", type=int, metavar="ROWS", help="of the matrices (default: fitting)")
    run.add_argument("--account", default="nobody", help="who burns (default: nobody)")
    run.add_argument("--workdir", help="where results.jsonl is kept (default: nowhere)")
    run.add_argument("--worker", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
