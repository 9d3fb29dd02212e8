"""What cooling daemon and metrics collector cost on a machine with eight simulated cards."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.sim.thermal.api import Machine, Plant
from tests.sim.thermal.cards import OPEN_AIR_350

HOST_PROGRAMS = Path(__file__).parents[1] / "host"
CARDS = 8
_WATCHED_SECONDS = 60
_CONFIGURATION = "[defaults]\ncurve = 30:30 50:40 70:70 85:100\ntarget_c = 75\n"
#: Passes as `--every` makes them, in one process; the first one warms up.
_PASSES = """
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
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)
for _ in range(11):
    began, before = time.perf_counter(), cpu()
    one_pass(collector, sys.argv[1], told)
    print(time.perf_counter() - began, cpu() - before, flush=True)
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """``daemon_share`` of one core; megabytes are of resident memory at its highest."""

    daemon_share: float
    daemon_megabytes: float
    pass_seconds: float
    quickest_pass_seconds: float
    pass_cpu_seconds: float


def measure_cost(library: Path, work: Path) -> Cost:
    """Run both on eight loaded cards, by the real clock. Takes over a minute."""
    plant = Plant(work / "eight", library.parent)
    plant.describe(Machine((OPEN_AIR_350,) * CARDS, {"case_watts_per_kelvin": 200}))
    for card in range(CARDS):
        plant.set_load(card, 90)
    environment = os.environ | {
        "LD_LIBRARY_PATH": str(library.parent),
        "DEEPRIG_SIM_THERMAL": str(plant.directory),
        "PYTHONPATH": str(HOST_PROGRAMS),
    }
    share, megabytes = _daemon(environment, work)
    passes = _passes(environment, work)
    clock, processor = zip(*passes, strict=True)
    return Cost(share, megabytes, statistics.median(clock), min(clock), statistics.fmean(processor))


def _daemon(environment: dict[str, str], work: Path) -> tuple[float, float]:
    config = work / "cooling.conf"
    config.write_text(_CONFIGURATION)
    words = ["-m", "deeprig_host.cooling", "--root", str(work / "root"), "run"]
    command = [sys.executable, *words, "--config", str(config)]
    with subprocess.Popen(command, env=environment) as daemon:
        try:
            _await(work / "root/run/deeprig/cooling/status.json", daemon)
            began, before = time.monotonic(), _cpu_seconds(daemon.pid)
            time.sleep(_WATCHED_SECONDS)  # what is measured is what happens in this time
            share = (_cpu_seconds(daemon.pid) - before) / (time.monotonic() - began)
            return share, _peak_megabytes(daemon.pid)
        finally:
            daemon.terminate()


def _await(status: Path, daemon: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not status.exists():
        if daemon.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("the daemon wrote no status")
        time.sleep(0.05)


def _passes(environment: dict[str, str], work: Path) -> list[tuple[float, float]]:
    command = [sys.executable, "-c", _PASSES, str(work / "deeprig.prom")]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    return [(float(clock), float(processor)) for clock, processor in lines[1:]]


def _cpu_seconds(pid: int) -> float:
    """Return user and system time (proc(5), stat fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6
