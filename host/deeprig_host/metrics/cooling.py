"""What the cooling daemon says of itself, by the status that it leaves at each loop."""

from __future__ import annotations

from typing import Any

from deeprig_host.machine.commands import Machine
from deeprig_host.metrics import names
from deeprig_host.metrics.json_files import json_file, number, text
from deeprig_host.metrics.part import PartFailed
from deeprig_host.metrics.samples import Samples

STATUS = "/run/deeprig/cooling/status.json"
CONFIGURATION = "/etc/deeprig/cooling.conf"
SCHEMA = "deeprig.cooling/1"


def read(machine: Machine, samples: Samples) -> None:
    """Add the daemon's state; a host without the cooling role has none."""
    told = json_file(machine, STATUS, SCHEMA)
    if told is None:
        if machine.path(CONFIGURATION).exists():
            samples.add(names.COOLING_UP, 0)
        return
    gpus = told.get("gpus")
    if not isinstance(gpus, list):
        raise PartFailed(f"{STATUS}: no list of GPUs")
    samples.add(names.COOLING_UP, 1)
    samples.add(names.COOLING_LOOP, number(told, "time"))
    for gpu in gpus:
        _add_gpu(samples, gpu)


def _add_gpu(samples: Samples, gpu: Any) -> None:
    if not isinstance(gpu, dict) or not isinstance(gpu.get("index"), int):
        raise PartFailed(f"{STATUS}: a GPU without index")
    # A card that was lost before it told its uuid has none.
    uuid = "" if gpu.get("uuid") is None else text(gpu, "uuid")
    labels = (str(gpu["index"]), uuid)
    mode, percent = text(gpu, "mode"), number(gpu, "target_percent")
    if mode not in names.COOLING_MODES:
        raise PartFailed(f"{STATUS}: no mode {mode!r:.40}")
    samples.choose(names.COOLING_MODE, mode, *labels)
    samples.add(names.COOLING_TARGET, None if percent is None else percent / 100, *labels)
