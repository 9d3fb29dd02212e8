"""What NVIDIA's own libraries say: NVML by ctypes in a process of its own, and nvidia-smi.

In a process of its own, because a library that does not fit the module may crash or hang.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

from deeprig_host.machine.commands import Machine

_LIMIT_SECONDS = 30
_ASK = """
import ctypes, json
answer = {}
try:
    nvml = ctypes.CDLL("libnvidia-ml.so.1")
    def check(code):
        if code:
            nvml.nvmlErrorString.restype = ctypes.c_char_p
            raise OSError(nvml.nvmlErrorString(code).decode(errors="replace"))
    check(nvml.nvmlInit_v2())
    text, count = ctypes.create_string_buffer(80), ctypes.c_uint()
    check(nvml.nvmlSystemGetDriverVersion(text, 80))
    answer["version"] = text.value.decode()
    check(nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)))
    answer["count"] = count.value
except (OSError, AttributeError) as error:
    answer["error"] = str(error)
print(json.dumps(answer))
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What a library or program said; ``error`` is None where all of it was answered."""

    version: str | None = None
    count: int | None = None
    error: str | None = None


def ask_nvml(machine: Machine) -> Said:
    """Return NVML's driver version and number of GPUs."""
    done = machine.run(sys.executable, "-I", "-c", _ASK, seconds=_LIMIT_SECONDS)
    try:
        answer = json.loads(done.out)
    except ValueError:
        told = " ".join(done.tail(3))
        return Said(error=f"NVML ended with {done.code}: {told}".rstrip(": "))
    return Said(answer.get("version"), answer.get("count"), answer.get("error"))


def ask_smi(machine: Machine) -> Said:
    """Return nvidia-smi's driver version and number of GPUs."""
    query = ("--query-gpu=driver_version", "--format=csv,noheader")
    done = machine.run("nvidia-smi", *query, seconds=_LIMIT_SECONDS)
    if done.is_missing:
        return Said(error="nvidia-smi is not installed")
    lines = [line.strip() for line in done.out.splitlines() if line.strip()]
    if not done.is_good or not lines:
        return Said(error=" ".join(done.tail(4)) or f"nvidia-smi ended with {done.code}")
    if not lines[0][0].isdigit():
        return Said(error=lines[0])
    return Said(lines[0], len(lines))
