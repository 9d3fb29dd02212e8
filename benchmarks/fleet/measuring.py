"""Run one command and say what it took: wall time, CPU time and memory of all its processes."""

from __future__ import annotations

import itertools
import os
import resource
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deeprig.lab import cgroups
from deeprig.lab.commands import inside

_SAMPLE_SECONDS = 0.1
_NUMBERS = itertools.count(1)
KIBIBYTES_PER_MEBIBYTE = 1024


@dataclass(frozen=True, slots=True)
class Measured:
    """What a command took, and said.

    ``largest_mebibytes`` is the resident memory of its largest process at its highest, None where
    that is not more than this program's own, which the kernel counts into it (exec keeps it);
    ``all_mebibytes`` the sum over its processes at the same moment, shared pages counted once:
    None unless it was watched. ``cpu_seconds`` counts every process, also those left behind;
    ``load_before`` is the load average of the minute before.
    """

    exit_code: int
    seconds: float
    cpu_seconds: float
    largest_mebibytes: float | None
    all_mebibytes: float | None
    output: str
    errors: str
    began: float
    load_before: float


def measure(
    command: Sequence[str],
    directory: Path,
    environment: Mapping[str, str],
    *,
    is_watched: bool = False,
) -> Measured:
    """Run a command to its end, in a cgroup of its own; what it leaves running is ended.

    So no run finds an open connection of an earlier one. ``is_watched``: read the memory of all
    processes ten times a second, which costs the command a little.
    """
    cgroup = cgroups.create(f"deeprig-benchmark-{os.getpid()}.{next(_NUMBERS)}")
    output, errors = directory / "stdout", directory / "stderr"
    try:
        with output.open("wb") as out, errors.open("wb") as err:
            watch = _Watch(cgroup) if is_watched else None
            load = os.getloadavg()[0]
            began, clock = time.time(), time.perf_counter()
            process = subprocess.Popen(
                inside(cgroup, command),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=dict(environment),
                cwd=directory,
            )
            _, status, used = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - clock
            process.returncode = os.waitstatus_to_exitcode(status)
            peak = watch.end() if watch else None
        return Measured(
            exit_code=process.returncode,
            seconds=seconds,
            cpu_seconds=_cpu_seconds(cgroup),
            largest_mebibytes=_largest(used.ru_maxrss),
            all_mebibytes=peak,
            output=output.read_text(encoding="utf-8", errors="replace"),
            errors=errors.read_text(encoding="utf-8", errors="replace"),
            began=began,
            load_before=load,
        )
    finally:
        cgroups.end(cgroup)


class _Watch:
    """Reads the memory of a cgroup's processes until it is told to end."""

    def __init__(self, cgroup: Path) -> None:
        self._cgroup, self._peak, self._ended = cgroup, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def end(self) -> float:
        """Return the highest sum in MiB."""
        self._ended.set()
        self._thread.join()
        return self._peak

    def _read(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            self._peak = max(self._peak, memory_of(self._cgroup))


def memory_of(cgroup: Path) -> float:
    """Return the proportional set size of all processes in a cgroup, in MiB (proc_pid_smaps(5))."""
    total = 0
    for pid in (cgroup / "cgroup.procs").read_text(encoding="ascii").split():
        try:
            lines = Path("/proc", pid, "smaps_rollup").read_text(encoding="ascii").splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / KIBIBYTES_PER_MEBIBYTE


def _largest(kibibytes: int) -> float | None:
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kibibytes / KIBIBYTES_PER_MEBIBYTE if kibibytes > own else None


def _cpu_seconds(cgroup: Path) -> float:
    """Return the CPU time of all that ever ran in the cgroup (cgroup-v2: cpu.stat)."""
    lines = (cgroup / "cpu.stat").read_text(encoding="ascii").splitlines()
    return int(dict(line.split() for line in lines)["usage_usec"]) / 1e6
