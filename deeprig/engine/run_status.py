"""Leave how a run ended on the host itself, where its metrics and alerts come from.

It is no operation: it says when the host was last looked after, and so differs every time.
"""

from __future__ import annotations

import time

from pyinfra.api.command import QuoteString, StringCommand

from deeprig.engine.host_run import HostJob
from deeprig.recheck.status import DIRECTORY, FILE, status_document
from deeprig.report.model import HostRun, OperationResult

#: A host with this role is watched, and has somebody who reads the status.
STATUS_ROLE = "monitoring"
#: Whole or not at all: the collector may read at any moment (rename(2)).
_WRITE = (
    f"umask 022 && mkdir -p {DIRECTORY} && printf '%s\\n' \"$1\" >{FILE}.new"
    f" && mv {FILE}.new {FILE} || {{ rm -f {FILE}.new; exit 1; }}"
)
_LONGEST_TEXT = 300


def is_told(job: HostJob) -> bool:
    """Say whether the run was one of the whole host, to an end, and somebody reads of it there."""
    selection = job.state.selection
    is_whole = not (selection.roles or selection.skipped_roles)
    has_ended = job.run.status in ("ok", "failed")
    is_watched = any(result.role == STATUS_ROLE for result in job.run.operations)
    return is_whole and has_ended and is_watched


def leave_status(job: HostJob) -> None:
    """Write how the run ended; what cannot be written fails it."""
    with job.contained():
        text = status_text(job.run, int(time.time()))
        words = [QuoteString(word) for word in ("sh", "-c", _WRITE, "sh", text)]
        succeeded, output = job.host.run_shell_command(
            StringCommand(*words), _sudo=job.declared.needs_sudo
        )
        if succeeded:
            return
        earlier = job.run.reason
        job.record(
            OperationResult(
                STATUS_ROLE,
                "Leave the result on the host",
                "failed",
                output=job.masker(f"{output.stdout}\n{output.stderr}".strip()),
            )
        )
        if earlier is not None:  # what failed first is the reason
            job.fail(earlier)


def status_text(run: HostRun, at: int) -> str:
    """Return the status document of a run, which is masked already; ``at`` is in Unix seconds."""
    failed = sum(result.status == "failed" for result in run.operations)
    text = run.reason or f"{sum(result.status == 'changed' for result in run.operations)} changed"
    is_good = run.status == "ok"
    return status_document(
        at,
        is_good=is_good,
        failed=failed if is_good else max(failed, 1),
        text=text[:_LONGEST_TEXT],
    )
