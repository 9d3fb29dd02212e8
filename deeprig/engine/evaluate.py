"""Plan: work out what each operation would do, from facts alone, and change nothing."""

from __future__ import annotations

import time

from pyinfra.api.command import PyinfraCommand
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.state import StateOperationHostData

from deeprig.engine.diff import upload_diff
from deeprig.engine.host_run import HostJob, Operation
from deeprig.engine.operations import condition_holds, texts_of, uploads_of
from deeprig.engine.reading_ahead import ReadingAhead
from deeprig.engine.remarks import take_remarks
from deeprig.engine.state import HostFailed
from deeprig.errors import DeclarationRefused
from deeprig.report.model import OperationResult


def evaluate(job: HostJob) -> None:
    """Evaluate the host's operations in order. No command of theirs is executed."""
    with job.contained():
        pending = False
        ahead = ReadingAhead(job)
        for operation in job.operations():
            ahead.before(operation)
            result = _evaluate_one(job, operation, changes_are_pending=pending)
            pending = pending or result.status == "would change"
            job.record(result)
        ahead.end()


def _evaluate_one(
    job: HostJob, operation: Operation, *, changes_are_pending: bool
) -> OperationResult:
    started = time.monotonic()
    data = job.state.get_op_data_for_host(job.host, operation.hash)
    note = ""
    commands: tuple[PyinfraCommand, ...] = ()
    try:
        commands = _commands(data)
        would_change = bool(commands)
    except DeclarationRefused:
        raise  # not this operation fails: the host is not to be touched
    except Exception as error:  # noqa: BLE001 - a role's own code can raise anything
        is_early = isinstance(error, PyinfraError) and not isinstance(error, HostFailed)
        if not (is_early and changes_are_pending):
            told = job.told_by(error)
            take_remarks(job.state, job.host.name)
            return OperationResult(operation.role, operation.name, "failed", output=told)
        # It needs what an earlier operation of this plan would make: that it would run is
        # certain, what exactly it would do is not.
        would_change, note = True, f"details only after the earlier changes: {error}"
    # pyinfra evaluates a condition on another operation through this cached answer.
    data.operation_meta._maybe_is_change = would_change
    job.log.last_lines(job.host.name)
    remarks = take_remarks(job.state, job.host.name)
    return OperationResult(
        role=operation.role,
        name=operation.name,
        status="would change" if would_change else "unchanged",
        seconds=round(time.monotonic() - started, 3),
        commands=tuple(job.masker(text) for text in texts_of(commands)),
        output=job.masker(note),
        diffs=tuple(upload_diff(job.host, command, job.masker) for command in uploads_of(commands)),
        notes=tuple(map(job.masker, remarks.notes)),
        moves=tuple(remarks.moves),
    )


def _commands(data: StateOperationHostData) -> tuple[PyinfraCommand, ...]:
    return tuple(data.command_generator()) if condition_holds(data) else ()
