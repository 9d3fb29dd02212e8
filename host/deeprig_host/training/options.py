"""The command line, parsed once into what the programs take."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from deeprig_host.training.evaluation import LIMITS, Limit
from deeprig_host.training.framework import FRAMEWORKS, SUITE_FRAMEWORKS
from deeprig_host.training.place_options import BadUsage, add_place, demand, natural_number
from deeprig_host.training.proof import TrainingRun
from deeprig_host.training.suite import SuiteRun
from deeprig_host.training.suite_options import add_suite, suite_run

_SUMMARY = """Train inside an environment and print JSON: one object; of a suite, lines of events.
Exit 0: it trained as it must. 1: it did not. 2: bad usage, or the framework is not there."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """Predict with the model that a training run saved; ``form``: as which it was exported."""

    framework: str
    workdir: Path
    device: str
    form: str | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """Serve the model that a training run saved."""

    framework: str
    workdir: Path
    device: str


class _Parser(argparse.ArgumentParser):
    """Raises instead of leaving the program, because bad usage too is told as JSON."""

    def error(self, message: str) -> NoReturn:
        raise BadUsage(message)


def parse(arguments: Sequence[str]) -> TrainingRun | SuiteRun | Prediction | Service:
    """Return what to do. Raise BadUsage; ``--help`` prints and exits."""
    given = _parser().parse_args(arguments)
    if not given.workdir.is_dir():
        raise BadUsage(f"--workdir {given.workdir} is no directory")
    if given.program == "predict":
        return Prediction(given.framework, given.workdir, given.device, given.form)
    if given.program == "serve":
        return Service(given.framework, given.workdir, given.device)
    if given.program == "suite":
        return suite_run(given)
    limits = tuple(replace(one, bound=getattr(given, one.metric)) for one in LIMITS)
    return TrainingRun(
        given.program, given.workdir, demand(given), given.seed, given.epochs, limits
    )


def _parser() -> argparse.ArgumentParser:
    root = _Parser(
        prog="deeprig_host.training",
        description=_SUMMARY,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    programs = root.add_subparsers(dest="program", required=True)
    for name in FRAMEWORKS:
        _add_training(programs.add_parser(name, help=f"train with {name}"))
    add_suite(programs.add_parser("suite", help="run the cases of a profile"))
    predict = programs.add_parser("predict", help="predict with a saved model (used by training)")
    serve = programs.add_parser("serve", help="serve a saved model over HTTP (used by training)")
    for parser in (predict, serve):
        parser.add_argument("framework", choices=SUITE_FRAMEWORKS)
        parser.add_argument("--workdir", type=Path, required=True)
        parser.add_argument("--device", required=True)
    predict.add_argument("--form", help="as which the model was exported")
    return root


def _add_training(parser: argparse.ArgumentParser) -> None:
    add_place(parser)
    parser.add_argument("--epochs", type=natural_number, default=15)
    for limit in LIMITS:
        _add_limit(parser, limit)


def _add_limit(parser: argparse.ArgumentParser, limit: Limit) -> None:
    says = f"{limit.name} (default {limit.bound:g})"
    parser.add_argument(
        limit.option, dest=limit.metric, type=float, default=limit.bound, metavar="X", help=says
    )
