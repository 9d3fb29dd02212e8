"""Train inside an environment and print one JSON object.

    python -m deeprig_host.training pytorch --workdir DIR [--gpus N] [--seed 20] [--epochs 15]

Exit 0: it trained as it must. 1: it did not. 2: bad usage, or the framework is not there.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

from deeprig_host.training.device import refusal_reason
from deeprig_host.training.result import Refusal, Thresholds, checks_of, document, refused

FRAMEWORKS = ("pytorch",)


def main(arguments: list[str] | None = None) -> int:
    """Run and return the exit code. Standard output carries the JSON and nothing else."""
    options = parser().parse_args(arguments)
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not spoil the JSON
    with output:
        return run(options, output)


def run(options: argparse.Namespace, output: TextIO) -> int:
    """Run the chosen program, print its JSON and return the exit code."""
    try:
        framework = importlib.import_module(f"deeprig_host.training.{options.framework}")
    except ImportError as error:
        reason = f"{options.framework} cannot be imported: {error}"
        return _finish(output, refused(Refusal(options.framework, "none", reason)), 2)
    if options.program == "predict":
        told = framework.predict_saved(options.workdir, options.device)
        return _finish(output, told, 0)
    result = train(framework, options)
    return _finish(output, result, 0 if result["outcome"] == "pass" else 1)


def train(framework: ModuleType | Any, options: argparse.Namespace) -> dict[str, Any]:
    """Return the result of training. Whatever goes wrong is a failure with its reason."""
    device = "none"
    try:
        cuda = framework.cuda()
        device = "cuda" if options.gpus else "cpu"
        reason = refusal_reason(cuda, options.gpus)
        if reason is not None:
            return refused(Refusal(framework.NAME, device, reason, cuda.details()))
        training = framework.train(options.seed, options.epochs, options.gpus, options.workdir)
        return document(training, checks_of(training, _thresholds(options)))
    except Exception as error:  # noqa: BLE001 - unknown is never a pass: it is told as a failure
        traceback.print_exc()
        line = f"{type(error).__name__}: {error}".splitlines()[0]
        return refused(Refusal(framework.NAME, device, line))


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    wanted = Thresholds()
    root = argparse.ArgumentParser(prog="deeprig_host.training", description=__doc__)
    programs = root.add_subparsers(dest="program", required=True)
    for name in FRAMEWORKS:
        one = programs.add_parser(name)
        one.set_defaults(framework=name)
        one.add_argument("--workdir", type=Path, required=True)
        one.add_argument("--gpus", type=int, default=0, help="GPUs it must train on; 0: the CPU")
        one.add_argument("--seed", type=int, default=20)
        one.add_argument("--epochs", type=int, default=15)
        one.add_argument("--min-accuracy", type=float, default=wanted.accuracy)
        one.add_argument("--min-macro-recall", type=float, default=wanted.macro_recall)
        one.add_argument("--min-macro-f1", type=float, default=wanted.macro_f1)
        one.add_argument("--max-loss-ratio", type=float, default=wanted.loss_ratio)
    predict = programs.add_parser("predict")
    predict.add_argument("framework", choices=FRAMEWORKS)
    predict.add_argument("--workdir", type=Path, required=True)
    predict.add_argument("--device", required=True)
    return root


def _thresholds(options: argparse.Namespace) -> Thresholds:
    return Thresholds(
        options.min_accuracy,
        options.min_macro_recall,
        options.min_macro_f1,
        options.max_loss_ratio,
    )


def _finish(output: TextIO, result: dict[str, Any], code: int) -> int:
    json.dump(result, output)
    output.write("\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
