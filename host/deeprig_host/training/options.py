"""The command line, parsed once into what the programs take."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from deeprig_host.training.device import CPU, Demand
from deeprig_host.training.evaluation import LIMITS, Limit
from deeprig_host.training.framework import FRAMEWORKS
from deeprig_host.training.proof import TrainingRun

_SUMMARY = """Train inside an environment and print one JSON object.
Exit 0: it trained as it must. 1: it did not. 2: bad usage, or the framework is not there."""


class BadUsage(Exception):
    """The command line makes no sense; the text says why."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """Predict with the model that a training run saved."""

    framework: str
    workdir: Path
    device: str


class _Parser(argparse.ArgumentParser):
    """Raises instead of leaving the program, because bad usage too is told as JSON."""

    def error(self, message: str) -> NoReturn:
        raise BadUsage(message)


def parse(arguments: Sequence[str]) -> TrainingRun | Prediction:
    """Return what to do. Raise BadUsage; ``--help`` prints and exits."""
    given = _parser().parse_args(arguments)
    if not given.workdir.is_dir():
        raise BadUsage(f"--workdir {given.workdir} is no directory")
    if given.program == "predict":
        return Prediction(given.framework, given.workdir, given.device)
    limits = tuple(replace(one, bound=getattr(given, one.metric)) for one in LIMITS)
    return TrainingRun(
        given.program, given.workdir, _demand(given), given.seed, given.epochs, limits
    )


def _demand(given: argparse.Namespace) -> Demand:
    is_cpu_wanted = given.device == CPU
    if given.require_gpu and given.gpus == 0:
        raise BadUsage("--require-gpu and --gpus 0 contradict each other")
    if is_cpu_wanted and given.gpus:
        raise BadUsage(f"--device cpu and --gpus {given.gpus} contradict each other")
    return Demand(given.require_gpu or bool(given.gpus), is_cpu_wanted, given.gpus)


def _parser() -> argparse.ArgumentParser:
    root = _Parser(
        prog="deeprig_host.training",
        description=_SUMMARY,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    programs = root.add_subparsers(dest="program", required=True)
    for name in FRAMEWORKS:
        _add_training(programs.add_parser(name, help=f"train with {name}"))
    predict = programs.add_parser("predict", help="predict with a saved model (used by training)")
    predict.add_argument("framework", choices=FRAMEWORKS)
    predict.add_argument("--workdir", type=Path, required=True)
    predict.add_argument("--device", required=True)
    return root


def _add_training(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workdir", type=Path, required=True, help="an empty directory to write")
    device = parser.add_mutually_exclusive_group()
    device.add_argument("--require-gpu", action="store_true", help="no CUDA is a failure")
    device.add_argument("--device", choices=(CPU,), help="the CPU, whatever else is there")
    parser.add_argument(
        "--gpus", type=natural_number, metavar="N", help="exactly N GPUs are expected"
    )
    parser.add_argument("--seed", type=natural_number, default=20)
    parser.add_argument("--epochs", type=natural_number, default=15)
    for limit in LIMITS:
        _add_limit(parser, limit)


def _add_limit(parser: argparse.ArgumentParser, limit: Limit) -> None:
    says = f"{limit.name} (default {limit.bound:g})"
    parser.add_argument(
        limit.option, dest=limit.metric, type=float, default=limit.bound, metavar="X", help=says
    )


def natural_number(text: str) -> int:
    number = int(text)
    # scikit-learn's random_state ends at 2**32 - 1; so must a seed here.
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"{text} is not in 0..{2**32 - 1}")
    return number
