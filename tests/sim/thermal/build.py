"""Compile the simulated libnvidia-ml.so.1, and what a test steers it with."""

from __future__ import annotations

import subprocess
from pathlib import Path

SOURCES = Path(__file__).parent / "c"
NVML = "libnvidia-ml.so.1"
CONTROL = "libdeeprig-sim-plant.so"
PROGRAM = "deeprig-sim-thermal"
_PLANT = ("describe.c", "physics.c", "state.c", "files.c")
_NVML = (
    "nvml_system.c",
    "nvml_device.c",
    "nvml_heat.c",
    "nvml_fans.c",
    "nvml_power.c",
    "nvml_health.c",
)
# gnu11: newer standards bind strtol and sscanf to symbols that an older host's libc lacks.
_FLAGS = ("-std=gnu11", "-O2", "-s", "-Wall", "-Wextra", "-Werror")


class CompilationFailed(Exception):
    """gcc failed; the message is its own."""


def build_library(into: Path) -> Path:
    """Compile everything into a directory; return the path of libnvidia-ml.so.1 in it.

    Beside it lie CONTROL, which ``Plant`` uses, and PROGRAM, the same as a command line for hosts.
    Raise CompilationFailed.
    """
    into.mkdir(parents=True, exist_ok=True)
    shared = ("-fPIC", "-shared")
    _gcc(into / NVML, (*_PLANT, *_NVML), (*shared, f"-Wl,-soname,{NVML}"))
    build_control(into)
    _gcc(into / PROGRAM, (*_PLANT, "control.c"), ("-DDEEPRIG_SIM_PROGRAM",))
    return into / NVML


def build_control(into: Path) -> Path:
    """Compile only what steers a plant, into a directory; return its path."""
    into.mkdir(parents=True, exist_ok=True)
    _gcc(into / CONTROL, (*_PLANT, "control.c"), ("-fPIC", "-shared"))
    return into / CONTROL


def _gcc(output: Path, sources: tuple[str, ...], options: tuple[str, ...]) -> None:
    files = [str(SOURCES / source) for source in sources]
    command = ["gcc", *_FLAGS, *options, "-o", str(output), *files, "-lm", "-lpthread"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CompilationFailed(f"{output.name}: {done.stderr}")
