"""One run per host: taken before any role is asked, kept until the host's run has ended."""

from __future__ import annotations

import time
from dataclasses import replace

from deeprig.engine.held_line import LineUnknown
from deeprig.engine.hold import Hold, HostTaken, hold_host
from deeprig.engine.host_lock import HostLock, LockOwner, minutes
from deeprig.engine.host_run import HostJob
from deeprig.engine.left_running import LeftRunning
from deeprig.report.model import OperationResult
from deeprig.transport.round_trips import trips_of

ROLE = "lock"
_NAME, _PLAN_NAME = "Hold the host for this run", "See whether another run changes it"


def take_host(job: HostJob) -> None:
    """Take the host's lock; where another run has it, this host's run ends as failed."""
    with job.contained():
        started = time.monotonic()
        try:
            hold = _take(job)
        except LineUnknown as error:
            _note(job, time.monotonic() - started, f"not held, another run may be here: {error}")
            return
        if hold is not None and hold.left_by is not None:
            _note(job, time.monotonic() - started, f"taken over: {_lost(hold.left_by)}")


def keep_host(job: HostJob) -> None:
    """Take the lock again where this run lost it (a reboot, a new address).

    The host's run ends where another run has it, or had it meanwhile: what was read is not true.
    """
    earlier = job.hold
    if earlier is None or earlier.is_held:
        return
    earlier.let_go()
    job.hold = None
    hold = _take(job)
    if hold is None or earlier.is_ended or _is_ours(hold.left_by, job):
        return
    # A lost run leaves its data; who came after it and ended in order has taken them away.
    who = hold.left_by.told if hold.left_by else "it has ended"
    job.fail(
        f"another deeprig changed this host while this run had lost it: {who}",
        "run again: it starts from what the host is now",
    )


def expect_reboot(job: HostJob) -> None:
    """Let go of a host that is about to reboot: nobody was lost when its connection ends."""
    if job.hold is not None:
        job.hold.let_go()
        job.hold.is_ended = True  # whatever became of the connection: nobody else is expected


def let_go(job: HostJob) -> None:
    """Free the host, at the end of its run."""
    if job.hold is not None:
        job.hold.let_go()
        job.hold = None


def note_owner(job: HostJob) -> None:
    """Say in a plan that another run changes the host now: the plan may be old when it is read."""
    with job.contained():
        started = time.monotonic()
        owner = job.host.get_fact(HostLock, _sudo=job.declared.needs_sudo)
        if owner is not None:
            note = f"another deeprig changes this host: {owner.told}"
            _note(job, time.monotonic() - started, note, name=_PLAN_NAME)
            return  # what runs there is its
        works = job.host.get_fact(LeftRunning, _sudo=job.declared.needs_sudo)
        for work in works:
            note = f"work of an earlier run goes on there: {work.told}"
            _note(job, time.monotonic() - started, note, name=_PLAN_NAME)


def _take(job: HostJob) -> Hold | None:
    password = job.state.config.SUDO_PASSWORD
    trips = trips_of(job.host)
    if trips is not None:
        trips.held += 2  # its beginning and its end
    try:
        job.hold = hold_host(
            job.host, job.claim, sudo=job.declared.needs_sudo, password=password or None
        )
    except HostTaken as taken:
        problem = taken.problems[0]
        job.fail(problem.reason, problem.remedy)
    return job.hold


def _is_ours(left_by: LockOwner | None, job: HostJob) -> bool:
    return left_by is not None and left_by.token == job.claim.token


def _lost(owner: LockOwner) -> str:
    silent = minutes(owner.silent_seconds)
    return f"the run of {owner.told} was lost; its last sign of life is {silent} old"


def _note(job: HostJob, seconds: float, note: str, name: str = _NAME) -> None:
    result = OperationResult(
        ROLE, name, "unchanged", seconds=round(seconds, 2), notes=(job.masker(note),)
    )
    job.run = replace(job.run, operations=(*job.run.operations, result))
