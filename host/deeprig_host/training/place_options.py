"""The options that say where a run trains and from which seed."""

from __future__ import annotations

import argparse
from pathlib import Path

from deeprig_host.training.device import CPU, Demand


class BadUsage(Exception):
    """The command line makes no sense; the text says why."""


def add_place(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    parser.add_argument("--workdir", type=Path, required=True, help="an empty directory to write")
    device = parser.add_mutually_exclusive_group()
    device.add_argument("--require-gpu", action="store_true", help="no CUDA is a failure")
    device.add_argument("--device", choices=(CPU,), help="the CPU, whatever else is there")
    parser.add_argument(
        "--gpus", type=natural_number, metavar="N", help="exactly N GPUs are expected"
    )
    parser.add_argument("--seed", type=natural_number, default=20)


def demand(given: argparse.Namespace) -> Demand:
    """Return what they ask for. Raise BadUsage where they contradict each other."""
    is_cpu_wanted = given.device == CPU
    if given.require_gpu and given.gpus == 0:
        raise BadUsage("--require-gpu and --gpus 0 contradict each other")
    if is_cpu_wanted and given.gpus:
        raise BadUsage(f"--device cpu and --gpus {given.gpus} contradict each other")
    return Demand(given.require_gpu or bool(given.gpus), is_cpu_wanted, given.gpus)


def natural_number(text: str) -> int:
    """Return a number that a seed or a count can be. Raise ArgumentTypeError for any other."""
    number = int(text)
    # scikit-learn's random_state ends at 2**32 - 1; so must a seed here.
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"{text} is not in 0..{2**32 - 1}")
    return number
