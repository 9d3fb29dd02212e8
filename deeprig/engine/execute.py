"""Apply: run a host's operations in order, each a no-op when nothing differs."""

from __future__ import annotations

import time
from dataclasses import replace

from pyinfra.api.operation import OperationMeta
from pyinfra.api.operations import run_host_op

from deeprig.engine.connector import loss_of
from deeprig.engine.exclusive import keep_host
from deeprig.engine.host_run import HostJob, Operation
from deeprig.engine.operations import Step, texts_of
from deeprig.engine.reading_ahead import ReadingAhead
from deeprig.engine.remarks import take_remarks
from deeprig.report.model import OperationResult, OperationStatus
from deeprig.transport.together import do_together

#: Lines of a failed command's output that a report keeps: what it began with is the reason as
#: often as what it ended with.
_FIRST_LINES, _LAST_LINES = 5, 30


def execute(job: HostJob) -> None:
    """Run the host's operations until the end, a failure, or a request to stop."""
    with job.contained():
        ahead = ReadingAhead(job)
        for operation in job.operations():
            ahead.before(operation)
            result = _execute_one(job, operation) if job.is_going else _not_run(operation)
            lost = loss_of(job.host)
            if lost is not None and result.status == "failed":
                # Whether it came to its end there is not known, so it did not fail.
                result = replace(result, status="interrupted", output=str(lost))
                job.lose(lost)
            job.record(result)
            if lost is None:  # also after the last one: the host is let go in order
                keep_host(job)
        ahead.end()


def _not_run(operation: Operation) -> OperationResult:
    return OperationResult(operation.role, operation.name, "not run")


def _execute_one(job: HostJob, operation: Operation) -> OperationResult:
    started = time.monotonic()
    job.log.last_lines(job.host.name)  # what was said before is not this operation's
    do_together(job.host, job.state.get_op_data_for_host(job.host, operation.hash))
    try:
        succeeded = run_host_op(job.state, job.host, operation.hash)
    except Exception as error:  # noqa: BLE001 - a role's own code can raise anything
        return OperationResult(
            role=operation.role,
            name=operation.name,
            status="failed",
            seconds=round(time.monotonic() - started, 3),
            output=job.told_by(error),
            notes=tuple(map(job.masker, take_remarks(job.state, job.host.name).notes)),
        )
    remarks = take_remarks(job.state, job.host.name)
    meta = job.state.get_op_data_for_host(job.host, operation.hash).operation_meta
    told = job.log.last_lines(job.host.name)
    output = "" if succeeded else _why(meta, told)
    return OperationResult(
        role=operation.role,
        name=operation.name,
        status=_status(succeeded, meta),
        seconds=round(time.monotonic() - started, 3),
        commands=tuple(job.masker(text) for text in texts_of(meta._commands or ())),
        output=job.masker(shortened(output)),
        notes=tuple(map(job.masker, remarks.notes)),
        moves=tuple(remarks.moves) if succeeded else (),
    )


def _why(meta: OperationMeta, told: str) -> str:
    """Return what a failed operation printed; a Step that refused has said why in the log."""
    commands = meta._commands or ()
    if commands and isinstance(commands[-1], Step):
        return told
    return "\n".join((*meta.stdout_lines, *meta.stderr_lines)) or told


def shortened(output: str) -> str:
    """Return the first and the last lines of a long output, and how many were left out."""
    lines = output.splitlines()
    left_out = len(lines) - _FIRST_LINES - _LAST_LINES
    if left_out <= 0:
        return "\n".join(lines)
    middle = f"... {left_out} line{'s' if left_out != 1 else ''} left out ..."
    return "\n".join((*lines[:_FIRST_LINES], middle, *lines[-_LAST_LINES:]))


def _status(succeeded: bool, meta: OperationMeta) -> OperationStatus:
    if not succeeded:
        return "failed"
    return "changed" if meta.did_change() else "unchanged"
