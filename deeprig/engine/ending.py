"""The end of a host's run: one reboot if a role needs it, then transactional roles settle.

A role that finds its change not working puts the old state back there, which can need one more
reboot before it is asked again. A host that failed in another role is settled too: half of a
driver change is no state to leave a machine in.
"""

from __future__ import annotations

import time
from dataclasses import replace

from deeprig.engine.host_run import HostJob
from deeprig.engine.reboot import reboot_host, reboot_if_needed
from deeprig.report.model import OperationResult, OperationStatus
from deeprig.role import Settlement

#: The first settling proves or puts back, the second proves what was put back.
_MOST_ROUNDS = 2


def end_run(job: HostJob) -> None:
    """Reboot if needed, then settle; what was found is recorded as operations."""
    with job.contained():
        if not reboot_if_needed(job):
            return
        for _ in range(_MOST_ROUNDS):
            reasons = _settle(job)
            if not reasons:
                return
            reboot_host(job, "; ".join(reasons))
        job.fail("it wants another reboot after the last one: this is not repeated without end")


def may_end(job: HostJob) -> bool:
    """Say whether the host's run is one that is ended in order."""
    return job.run.status == "ok" or (job.run.status == "failed" and job.has_transactional_roles())


def _settle(job: HostJob) -> tuple[str, ...]:
    """Ask every role, record what it says, and return why the host must reboot again."""
    reasons = []
    for role, context in job.roles_run():
        started = time.monotonic()
        settlement = role.settle(context)
        if settlement is None:
            continue
        _record(job, role.name, settlement, time.monotonic() - started)
        if settlement.reboot is not None:
            reasons.append(settlement.reboot)
    return tuple(reasons)


def _record(job: HostJob, role: str, settlement: Settlement, seconds: float) -> None:
    good: OperationStatus = "changed" if settlement.has_changed else "unchanged"
    text = "\n".join(settlement.told)
    earlier = job.run
    job.record(
        OperationResult(
            role=role,
            name=settlement.name,
            status=good if settlement.is_good else "failed",
            seconds=round(seconds, 2),
            output="" if settlement.is_good else job.masker(text),
            notes=tuple(map(job.masker, settlement.told)) if settlement.is_good else (),
        )
    )
    if earlier.status == "failed":  # what failed first is the reason
        job.run = replace(job.run, reason=earlier.reason, remedy=earlier.remedy)
