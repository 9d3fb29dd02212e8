"""One service with a loop, or a new Python by a timer: what metrics of eight simulated cards cost.

``python -m benchmarks.metrics_loop`` prints the table of docs/metrics.md.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.sim.thermal.api import Machine, Plant, build_library
from tests.sim.thermal.cards import OPEN_AIR_350

HOST_PROGRAMS = Path(__file__).parents[1] / "host"
CARDS, PASSES, EVERY_SECONDS = 8, 20, 15
_LOOP = f"""
import resource, sys, time
from pathlib import Path
from deeprig_host.machine.commands import Machine
from deeprig_host.metrics.__main__ import Told, one_pass
from deeprig_host.metrics.collector import Collector
from deeprig_host.metrics.nvml import NvmlReader
from deeprig_host.metrics.nvml_child import asking
from deeprig_host.metrics.nvml_wait import Patience
machine = Machine(Path("/"))
collector, told = Collector(machine, NvmlReader(asking(machine), Patience())), Told()
def cpu():
    both = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, both))
for _ in range({PASSES} + 1):
    began, before = time.perf_counter(), cpu()
    one_pass(collector, sys.argv[1], told)
    print(time.perf_counter() - began, cpu() - before)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians of one pass; ``megabytes`` is resident memory at its highest."""

    seconds: float
    cpu_seconds: float
    megabytes: float

    def row(self, name: str) -> str:
        """Return the row of the table."""
        share = 100 * self.cpu_seconds / EVERY_SECONDS
        wall, cpu = self.seconds * 1000, self.cpu_seconds * 1000
        return (
            f"| {name} | {wall:.0f} ms | {cpu:.0f} ms | {share:.2f} % | {self.megabytes:.0f} MB |"
        )


def loop(environment: dict[str, str], output: Path) -> Cost:
    """Measure passes of one process, behind one that warms up."""
    command = [sys.executable, "-c", _LOOP, str(output)]
    told = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    *rows, kilobytes = told.stdout.splitlines()
    passes = [tuple(map(float, row.split())) for row in rows[1:]]
    wall, cpu = zip(*passes, strict=True)
    return Cost(statistics.median(wall), statistics.median(cpu), int(kilobytes) / 1000)


def timer(environment: dict[str, str], output: Path) -> Cost:
    """Measure passes of a new process each."""
    command = [sys.executable, "-m", "deeprig_host.metrics", "--output", str(output)]
    passes = [_one_process(command, environment) for _ in range(PASSES)]
    return Cost(
        statistics.median(one.seconds for one in passes),
        statistics.median(one.cpu_seconds for one in passes),
        max(one.megabytes for one in passes),
    )


def _one_process(command: list[str], environment: dict[str, str]) -> Cost:
    began = time.perf_counter()
    pid = os.posix_spawn(command[0], command, environment)
    _, status, used = os.wait4(pid, 0)
    if status != 0:
        raise SystemExit(f"the collector ended with {status}")
    seconds = time.perf_counter() - began
    return Cost(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000)


def main() -> None:
    """Measure both on the same machine, one after the other."""
    with tempfile.TemporaryDirectory() as work:
        library = build_library(Path(work) / "library")
        plant = Plant(Path(work) / "state", library.parent)
        plant.describe(Machine((OPEN_AIR_350,) * CARDS))
        environment = os.environ | {
            "LD_LIBRARY_PATH": str(library.parent),
            "DEEPRIG_SIM_THERMAL": str(plant.directory),
            "PYTHONPATH": str(HOST_PROGRAMS),
        }
        output = Path(work) / "deeprig.prom"
        loops = loop(environment, output).row("loop (fork)")
        timers = timer(environment, output).row("timer (a new Python each time)")
    sys.stdout.write(
        "| | one pass | CPU of one pass | of a core | memory |\n|---|---|---|---|---|\n"
    )
    sys.stdout.write(f"{loops}\n{timers}\n")


if __name__ == "__main__":
    main()
