"""NVIDIA's nccl-tests, where the machine has them: an all-reduce over all GPUs, checked."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deeprig_host.training import outside_program
from deeprig_host.training.cases import (
    CaseContext,
    CaseResult,
    Measurement,
    judged,
    skipped,
)
from deeprig_host.training.evaluation import Check

PROGRAM = "all_reduce_perf"
_LIMIT_SECONDS = 300
#: Smallest and largest size, each four times the one before: gradients of usual networks.
_SIZES = ("-b", "8M", "-e", "512M", "-f", "4")
#: The two last lines of every run (src/util.cu of nccl-tests).
_WRONG = re.compile(r"^# Out of bounds values\s*: (\d+) (\w+)", re.MULTILINE)
_RATE = re.compile(r"^# Avg bus bandwidth\s*: (\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Result:
    """How many results were wrong, its own word for that, and the mean bus bandwidth in GB/s."""

    wrong: int
    word: str
    gigabytes_per_second: float

    def checks(self) -> tuple[Check, ...]:
        """No sum is wrong, and something was moved."""
        rate = self.gigabytes_per_second
        is_right = self.wrong == 0 and self.word == "OK"
        return (
            Check("nccl-tests: sums", is_right, "0 wrong, OK", f"{self.wrong} wrong, {self.word}"),
            Check("nccl-tests: bandwidth", rate > 0, "more than 0 GB/s", f"{rate:g} GB/s"),
        )

    def measurement(self) -> Measurement:
        """Return the mean bus bandwidth."""
        return Measurement(
            "nccl-tests: all-reduce, bus bandwidth", self.gigabytes_per_second, "GB/s", "higher"
        )


def run_case(context: CaseContext) -> CaseResult:
    """Have it made; a program that is there and gives no answer is a fault."""
    if context.gpu_count < 2:
        return skipped("it needs two GPUs; this run has one")
    if not outside_program.is_there(PROGRAM):
        return skipped(f"nccl-tests is not installed (no {PROGRAM} in PATH)")
    context.emit(0.0, PROGRAM)
    result = reduce_all(context.gpu_count)
    return judged(result.checks(), (result.measurement(),))


def reduce_all(gpu_count: int) -> Result:
    """All-reduce over the first GPUs. Raise RuntimeError where it gives no answer."""
    command = (PROGRAM, *_SIZES, "-g", str(gpu_count), "-c", "1")
    return outside_program.ask(command, _LIMIT_SECONDS, parse)


def parse(text: str) -> Result:
    """Return its result. Raise ValueError for a text without it: a run that did not end."""
    wrong, rate = _WRONG.search(text), _RATE.search(text)
    if wrong is None or rate is None:
        raise ValueError("it did not come to its end")
    return Result(int(wrong[1]), wrong[2], float(rate[1]))
