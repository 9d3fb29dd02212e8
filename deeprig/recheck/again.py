"""Before a run is begun: which hosts are as the last evaluation left them.

Imports nothing that takes long: where all hosts are, this is all that a re-run does.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deeprig import __version__
from deeprig.recheck import record as records
from deeprig.recheck.ask import Order, Told, ask_all
from deeprig.recheck.inputs import first_changed, variables
from deeprig.recheck.record import HostRecord, Record
from deeprig.recheck.status import FILE, status_document

if TYPE_CHECKING:  # where all hosts are the same, nothing of them is looked into
    from deeprig.report.model import RunReport

#: Letters of a question that a message shows.
_SHOWN = 160


@dataclass(slots=True)
class Again:
    """What a recheck found. ``record`` is None where there is none that still counts.

    ``why`` says of the other hosts of the record what was not as it was.
    """

    place: Path
    record: Record | None = None
    same: dict[str, dict[str, Any]] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    started: str = ""
    seconds: float = 0.0

    @property
    def is_whole(self) -> bool:
        """Say whether every host is as the last evaluation left it."""
        return self.record is not None and set(self.record.order) <= set(self.same)

    @property
    def rest(self) -> frozenset[str] | None:
        """Return the hosts that have to be evaluated; None stands for all."""
        if self.record is None or not self.same:
            return None
        return frozenset(self.record.order) - set(self.same)

    def known(self) -> Record:
        """Return the record. Raise ValueError where there is none."""
        if self.record is None:
            raise ValueError("there is no record")
        return self.record

    def document(self) -> dict[str, Any]:
        """Return the JSON (RunReport.to_json) of a run in which no host had to be evaluated."""
        record = self.known()
        return {
            "schema": "deeprig.apply/1",
            "command": "apply",
            "started": self.started,
            "finished": _now(),
            "seconds": round(self.seconds, 2),
            "version": __version__,
            "inventory": record.inventory,
            "hosts": [self.same[name] for name in record.order],
            "exit_code": 0,
        }

    def with_same(self, report: RunReport) -> RunReport:
        """Return the report of a run of the rest with the hosts that were found the same."""
        if self.record is None or not self.same:
            return report
        from deeprig.report.decode import decode
        from deeprig.report.model import HostRun

        runs = {run.host: run for run in report.hosts}
        runs |= {name: decode(HostRun, run) for name, run in self.same.items()}
        return replace(
            report,
            started=self.started,
            seconds=round(self.seconds + report.seconds, 2),
            hosts=tuple(runs[name] for name in self.record.order if name in runs),
        )


def look_again(words: tuple[str, ...], parallel: int) -> Again:
    """Ask every host of a command's record whether all is as it was.

    ``words`` are all that tells the command from others (record.place_of). Raises nothing of its
    own: what cannot be known this way is evaluated.
    """
    again = Again(records.place_of(words), started=_now())
    began = time.monotonic()
    record = records.load(again.place)
    outdated = "there is no record" if record is None else _outdated(record)
    if record is None or outdated:
        again.why["all hosts"] = outdated
    else:
        again.record = record

        def came(told: Told) -> None:
            if told.is_same:
                again.same[told.host] = _run_of(record.hosts[told.host], told)
            else:
                again.why[told.host] = told.reason or _question(record, told)

        ask_all(_orders(record), parallel, came)
    again.seconds = time.monotonic() - began
    return again


def _outdated(record: Record) -> str:
    """Return why an evaluation now would begin with something else than that one; "" if not."""
    if record.version != __version__:
        return f"the record is of deeprig {record.version}"
    if record.variables != records.digest(bytes.fromhex(record.key), variables().encode()):
        return "the environment's variables have changed"
    path = first_changed(record.marks)
    return f"{path} has changed" if path else ""


def _orders(record: Record) -> Iterable[Order]:
    key = bytes.fromhex(record.key)
    status = status_document(int(time.time()), is_good=True, failed=0, text="0 changed")
    for name, host in record.hosts.items():
        yield Order(
            host=name,
            ssh=host.ssh,
            sudo=host.sudo,
            key=key,
            asked=[record.questions[number] for number in host.answers],
            expected=tuple(host.answers.values()),
            file=FILE if host.leaves_status else "",
            text=f"{status}\n" if host.leaves_status else "",
        )


def _run_of(host: HostRecord, told: Told) -> dict[str, Any]:
    return {**host.run, "seconds": round(told.seconds, 2), "evaluated": host.evaluated}


def _question(record: Record, told: Told) -> str:
    """Return the first question whose answer is another one, on one line."""
    numbers = list(record.hosts[told.host].answers)
    asked = record.questions[numbers[told.differs[0]]]
    text = " ".join((asked.look or asked.text).split())
    more = f", and {len(told.differs) - 1} more" if len(told.differs) > 1 else ""
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."
    return f"another answer to: {shown}{more}"


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
