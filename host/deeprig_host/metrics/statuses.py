"""What deeprig left on the host about its last verify, apply and backup."""

from __future__ import annotations

from deeprig_host.machine.commands import Machine
from deeprig_host.metrics import names
from deeprig_host.metrics.json_files import json_file, number
from deeprig_host.metrics.part import PartFailed
from deeprig_host.metrics.samples import Samples

DIRECTORY = "/var/lib/deeprig/status"
SCHEMA = "deeprig.status/1"


def read(machine: Machine, samples: Samples) -> None:
    """Add what each status file says; one that cannot be read costs only itself."""
    wrong = []
    for what in names.STATUS_KINDS:
        try:
            _read_one(machine, samples, what)
        except PartFailed as failed:
            wrong.append(str(failed))
    if wrong:
        raise PartFailed("; ".join(wrong))


def _read_one(machine: Machine, samples: Samples, what: str) -> None:
    told = json_file(machine, f"{DIRECTORY}/{what}.json", SCHEMA)
    if told is None:
        return
    if not isinstance(told.get("ok"), bool) or told.get("what") != what:
        raise PartFailed(f"{DIRECTORY}/{what}.json: no ok, or of another what")
    time, failed = number(told, "time"), number(told, "failed")
    samples.add(names.STATUS_OK, told["ok"], what)
    samples.add(names.STATUS_TIME, time, what)
    samples.add(names.STATUS_FAILED, failed, what)
