"""NVML's answer about the GPUs: asked in a process of its own, or read from a recorded host.

In a process of its own, because a library that does not fit the module may crash or hang.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

from deeprig_host.audit.tree import Tree
from deeprig_host.machine.commands import Done, run
from deeprig_host.machine.program import source

#: Where a recorded host keeps what nvml_child printed on it.
RECORDED = "/recorded/nvml.json"
_LIMIT_SECONDS = 60  # without a persistence daemon each card takes seconds to wake
_CHILD = """
import runpy, sys
sys.path.insert(0, sys.argv[1])
runpy.run_module("deeprig_host.audit.nvml_child", run_name="__main__")
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What NVML said of one GPU: a value or an error per field."""

    address: str
    vendor: str
    device: str
    values: dict[str, Any]
    errors: dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What NVML said; ``error`` where it could not be used, ``lost`` the cards it cannot open."""

    gpus: tuple[Said, ...] = ()
    error: str | None = None
    lost: tuple[str, ...] = ()


def ask(tree: Tree) -> Answer:
    """Return NVML's answer on this machine, or the recorded one of another."""
    if tree.is_this_machine:
        words = (sys.executable, "-I", "-c", _CHILD, str(source()))
        return _of_process(run(*words, seconds=_LIMIT_SECONDS))
    recorded = tree.text(RECORDED)
    if recorded is None:
        return Answer(error="NVML is not asked about another root directory, none was recorded")
    return parse(recorded)


def _of_process(done: Done) -> Answer:
    if not done.is_good:
        told = " ".join(done.tail(3))
        return Answer(error=f"NVML ended with {done.code}: {told}".rstrip(": "))
    return parse(done.out)


def parse(text: str) -> Answer:
    """Return what nvml_child printed; an answer that is none of its becomes the error."""
    try:
        answer = json.loads(text)
        said = [_said(gpu) for gpu in answer["gpus"] if "pci" in gpu["values"]]
        lost = tuple(
            f"GPU {gpu['index']}: {gpu['errors']['pci']}"
            for gpu in answer["gpus"]
            if "pci" not in gpu["values"]
        )
        return Answer(tuple(said), answer["error"], lost)
    except (ValueError, KeyError, TypeError) as error:
        return Answer(error=f"NVML's answer cannot be read: {type(error).__name__}: {error}")


def _said(gpu: dict[str, Any]) -> Said:
    values = dict(gpu["values"])
    pci = values.pop("pci")
    return Said(pci["address"], pci["vendor"], pci["device"], values, dict(gpu["errors"]))
