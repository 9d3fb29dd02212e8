"""The process that gives one GPU back; it may hang in the driver, and ``restore`` ends it then."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import pynvml

from deeprig_host.cooling.give_back import give_back
from deeprig_host.gpu.answers import Unanswered, ask, known
from deeprig_host.gpu.library import NoNvml, nvml
from deeprig_host.gpu.lost import is_without_driver
from deeprig_host.gpu.power import default_limit_watts, power_limit_watts, set_power_limit
from deeprig_host.machine.commands import Machine


def _count(machine: Machine) -> dict[str, Any]:
    """Return how many GPUs there are; no GPU is asked anything, for it may hang."""
    try:
        with nvml():
            return {"count": pynvml.nvmlDeviceGetCount(), "error": None, "has_driver": True}
    except NoNvml as error:
        has_driver = not is_without_driver(error, machine)
        return {"count": 0, "error": str(error), "has_driver": has_driver}
    except pynvml.NVMLError as error:
        return {"count": 0, "error": str(error), "has_driver": True}


def _one(index: int, with_power: bool) -> dict[str, str]:
    with nvml():
        handle = ask(pynvml.nvmlDeviceGetHandleByIndex, index)
        if isinstance(handle, Unanswered):
            return {"name": f"GPU {index}", "outcome": "stuck", "reason": str(handle), "power": ""}
        given = give_back(handle)
        return {
            "name": f"GPU {index} ({known(ask(pynvml.nvmlDeviceGetName, handle)) or 'no name'})",
            "outcome": given.outcome,
            "reason": given.reason,
            "power": _put_power_back(handle) if with_power else "",
        }


def _put_power_back(handle: Any) -> str:
    """Set the limit that the card comes with; return what was wrong, nothing where all is well."""
    default = default_limit_watts(handle)
    if isinstance(default, Unanswered):
        return "" if default.is_unsupported else f"power limit: {default}"
    if power_limit_watts(handle) == default:
        return ""
    refusal = set_power_limit(handle, default)
    return "" if refusal is None else f"power limit: {refusal}"


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("count", "one"))
    parser.add_argument("index", nargs="?", type=int, default=0)
    parser.add_argument("--root", type=Path, default=Path("/"))
    parser.add_argument("--power", action="store_true")
    options = parser.parse_args()
    if options.what == "count":
        told = _count(Machine(options.root))
    else:
        told = _one(options.index, options.power)
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
