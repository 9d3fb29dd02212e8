"""The report of a whole rollout: each host's last run, with what the gate and its wave made of it.

It is an ordinary report of ``apply`` or ``update``, so that HTML, JUnit and JSON come of it. Hosts
that no wave has had are not in it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from deeprig.report.model import HostRun, OperationResult, RunReport
from deeprig.waves.model import GOOD, HostRecord, Rollout
from deeprig.waves.store import RolloutStore

ROLE = "waves"


def whole_report(store: RolloutStore, rollout: Rollout, finished: datetime) -> RunReport:
    """Return the report of all hosts that had their turn."""
    runs: dict[str, HostRun] = {}
    for file in (file for wave in rollout.waves for file in wave.reports):
        document = store.report(rollout, file)
        if document["command"] != "verify":
            runs |= {run.host: run for run in RunReport.from_json(document).hosts}
    hosts = tuple(
        _told(runs.get(record.host, HostRun(record.host, "ok")), record, rollout)
        for record in rollout.hosts
        if record.wave is not None
    )
    started = datetime.strptime(rollout.started, "%Y-%m-%dT%H:%M:%S%z")
    return RunReport(
        command=rollout.asked.command,
        started=rollout.started,
        finished=finished.strftime("%Y-%m-%dT%H:%M:%SZ"),
        seconds=round((finished - started).total_seconds(), 2),
        version=rollout.version,
        inventory=rollout.inventory,
        hosts=hosts,
    )


def _told(run: HostRun, record: HostRecord, rollout: Rollout) -> HostRun:
    if record.state == "waiting":  # it was down, and waits for another turn
        return run
    if record.state == "working":
        return replace(run, status="interrupted", reason=rollout.reason)
    if record.state == "unreachable":
        return replace(run, status="unreachable", reason=record.reason)
    if record.state in GOOD:
        return _with_put_back(replace(run, status="ok"), record)
    status = run.status if run.status in ("refused", "unreachable") else "failed"
    run = replace(run, status=status, reason=record.reason)
    return _with_put_back(run, record)


def _with_put_back(run: HostRun, record: HostRecord) -> HostRun:
    if record.put_back is None:
        return run
    is_back = record.state == "put back"
    result = OperationResult(
        ROLE,
        "Put the host back",
        "changed" if is_back else "failed" if record.state == "failed" else "unchanged",
        output="" if is_back else record.put_back,
        notes=(record.put_back,),
    )
    return replace(run, operations=(*run.operations, result))
