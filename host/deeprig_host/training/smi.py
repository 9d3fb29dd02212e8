"""What nvidia-smi says of load and memory: the driver's own view, beside the framework's."""

from __future__ import annotations

import csv
import io
import subprocess
from dataclasses import dataclass

#: Without persistence mode the driver is started for each question; it takes seconds.
_LIMIT_SECONDS = 60
_FIELDS = ("uuid", "pci.bus_id", "utilization.gpu", "memory.used")


@dataclass(frozen=True, slots=True)
class Reading:
    """Of one GPU. None where the driver does not say: ``[N/A]``, as of MIG and some vGPUs."""

    uuid: str
    bus_id: str
    load_percent: float | None
    memory_mebibytes: float | None


def read_all() -> tuple[Reading, ...]:
    """Ask nvidia-smi. Raise RuntimeError where it does not answer."""
    command = ["nvidia-smi", f"--query-gpu={','.join(_FIELDS)}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise RuntimeError(f"nvidia-smi: {problem}") from problem
    if done.returncode != 0:
        said = " ".join((done.stdout + done.stderr).split())
        raise RuntimeError(f"nvidia-smi ended with {done.returncode}: {said}")
    return parse(done.stdout)


def parse(text: str) -> tuple[Reading, ...]:
    """Return one reading a line. Raise ValueError for a line of another form."""
    rows = csv.reader(io.StringIO(text), skipinitialspace=True)
    return tuple(_reading(row) for row in rows if row)


def _reading(row: list[str]) -> Reading:
    if len(row) != len(_FIELDS):
        raise ValueError(f"nvidia-smi said {row}, not {', '.join(_FIELDS)}")
    uuid, bus_id, load, memory = row
    return Reading(uuid.strip(), bus_id.strip().lower(), _number(load), _number(memory))


def _number(text: str) -> float | None:
    """Words in brackets are none: ``[N/A]``, ``[Not Supported]``, ``[Unknown Error]``."""
    told = text.strip()
    return None if told.startswith("[") or told == "N/A" else float(told)
