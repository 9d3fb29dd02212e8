"""Work that an earlier run left running on a host is waited for, before anything is asked of it."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.context import ctx_host

from deeprig.engine.host_run import HostJob
from deeprig.engine.left_running import Work, works_of
from deeprig.engine.steady_command import earlier_work
from deeprig.facts import Machine
from deeprig.report.model import OperationResult
from deeprig.transport.ahead import end_reading, read_ahead
from deeprig.transport.reads import reading

ROLE = "lock"
_NAME = "Wait for what an earlier run left running"
#: A toolkit over a slow line, or a big environment, may need an hour; two are a fault.
_MOST_SECONDS = 7200
#: One question to the host: in between a person can stop the run.
_ASK_SECONDS = 5


def wait_for_earlier_work(job: HostJob) -> None:
    """Wait until no work of ours runs on the host; where it does not end, the run ends as failed.

    Asked right after the lock is taken: facts that are read while packages change are not true.
    """
    with job.contained():
        started = time.monotonic()
        notes: list[str] = []
        # What the deploy script asks first goes along: where nothing runs, it is true.
        read_ahead(job.host, (partial(_ask, job, 0), partial(_ask_machine, job)))
        while works := _ask(job, _ASK_SECONDS if notes else 0):
            running = [work for work in works if work.seconds is not None]
            if not notes:
                notes += [f"waited for: {work.told}" for work in running]
                for note in notes:
                    job.progress.operation_says(job.host.name, ROLE, _NAME, job.masker(note))
            end_reading(job.host)
            notes += [work.told for work in works if work.seconds is None]
            if running and not _may_go_on_waiting(job, running[0], time.monotonic() - started):
                break
        if notes:
            _record(job, notes, time.monotonic() - started)


def _ask(job: HostJob, seconds: int) -> tuple[Work, ...]:
    host: Host = ctx_host.get()
    # All that it changes is its own: which works that have ended were told.
    with reading():
        succeeded, output = host.run_shell_command(
            earlier_work(seconds),
            _sudo=job.declared.needs_sudo,
            _sudo_password=job.state.config.SUDO_PASSWORD or None,
        )
    if not succeeded:
        raise PyinfraError(f"whether earlier work runs there is unknown: {output.stderr}")
    return works_of(output.stdout_lines)


def _ask_machine(job: HostJob) -> None:
    host: Host = ctx_host.get()
    host.get_fact(Machine, _sudo=job.declared.needs_sudo)


def _may_go_on_waiting(job: HostJob, work: Work, waited_seconds: float) -> bool:
    """Tell what is waited for, and say whether to ask again."""
    job.progress.operation_started(job.host.name, ROLE, f"{_NAME}: {job.masker(work.told)}", 0)
    if job.interruption.is_asked:
        job.run = replace(job.run, status="interrupted")
        return False
    if waited_seconds > _MOST_SECONDS:
        job.fail(
            f"work of an earlier run does not end: {work.told}",
            f"look at it on the host ('systemctl status {work.unit}'); when it hangs, end it "
            f"('systemctl kill --signal=KILL {work.unit}') and run again: it repairs the rest",
        )
        return False
    return True


def _record(job: HostJob, notes: list[str], seconds: float) -> None:
    result = OperationResult(
        ROLE, _NAME, "unchanged", round(seconds, 2), notes=tuple(map(job.masker, notes))
    )
    job.run = replace(job.run, operations=(*job.run.operations, result))
    job.progress.operation_finished(job.host.name, result)
