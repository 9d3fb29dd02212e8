"""One run over a lab: connect, prepare, then plan or apply each host on its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gevent.pool import Pool
from pyinfra.api.config import Config
from pyinfra.api.connect import disconnect_all
from pyinfra.api.state import StateStage
from pyinfra.context import ctx_config, ctx_inventory, ctx_state

from deeprig import __version__
from deeprig.deploy_script import DEPLOY_SCRIPT
from deeprig.engine.earlier_work import wait_for_earlier_work
from deeprig.engine.embedding import embed_pyinfra
from deeprig.engine.ending import end_run, may_end
from deeprig.engine.evaluate import evaluate
from deeprig.engine.exclusive import let_go, note_owner, take_host
from deeprig.engine.execute import execute
from deeprig.engine.host_lock import Claim
from deeprig.engine.host_run import HostJob
from deeprig.engine.interruption import Interruption, interruptible
from deeprig.engine.progress import Progress
from deeprig.engine.reading_ahead import asked_together
from deeprig.engine.run_status import is_told, leave_status
from deeprig.engine.state import RunState
from deeprig.inventory.load import Lab
from deeprig.inventory.model import RebootPolicy
from deeprig.masking import Masker
from deeprig.recheck.inputs import WATCH
from deeprig.report.model import HostRun, RunReport
from deeprig.selection import Selection
from deeprig.transport.ahead import end_reading
from deeprig.transport.choice import use_connector
from deeprig.update_request import NO_UPDATE, UpdateRequest

if TYPE_CHECKING:
    from deeprig.recheck.recorder import Recorder

Mode = Literal["plan", "apply", "update"]
#: Hosts worked on at once: bound by the controller's one gevent core, not by its memory.
DEFAULT_PARALLEL = 20
_CONNECT_TIMEOUT_SECONDS = 10


def run_lab(
    lab: Lab,
    mode: Mode,
    selection: Selection,
    progress: Progress,
    *,
    parallel: int = DEFAULT_PARALLEL,
    sudo_password: str | None = None,
    update: UpdateRequest = NO_UPDATE,
    reboot: RebootPolicy | None = None,
    also: Callable[[HostJob], None] | None = None,
    recorder: Recorder | None = None,
) -> RunReport:
    """Plan, apply or update the selected hosts and return what happened to each.

    ``update`` says what goes to newer versions than the declared state needs; ``reboot`` replaces
    the inventory's word on reboots. ``also`` is done for each host that is still going, last.
    ``recorder`` notes what the hosts answer, for the next run's recheck.

    Raise UsageProblem for a selection that matches nothing. A host's failure is in the report,
    never raised, and does not stop other hosts.
    """
    hosts = selection.hosts_of(lab)
    selection.check_roles(lab)
    script = lab.content.file(DEPLOY_SCRIPT)
    started, clock = _now(), time.monotonic()
    log = embed_pyinfra()
    config = Config(
        CONNECT_TIMEOUT=_CONNECT_TIMEOUT_SECONDS, PARALLEL=parallel, SUDO_PASSWORD=sudo_password
    )
    for host in lab.inventory:
        use_connector(host)
    state = RunState(lab, selection, config, update, reboot)
    claim = Claim.of_this_process(mode)
    jobs = [
        HostJob(
            host=lab.inventory.get_host(declared.name),
            declared=declared,
            state=state,
            log=log,
            progress=progress,
            masker=Masker.of(declared.settings, *declared.role_settings.values()),
            interruption=Interruption(),
            run=HostRun(declared.name, "ok"),
            claim=claim,
        )
        for declared in hosts
    ]
    job_of = {job.host.name: job for job in jobs}
    state.tell = lambda host, told: job_of[host].say(told)
    lab.content.activate()
    with ctx_state.use(state), ctx_inventory.use(lab.inventory), ctx_config.use(config):
        _run_jobs(jobs, mode, script, progress, parallel, also, recorder)
    runs = tuple(job.finish() for job in jobs)
    return RunReport(
        command=mode,
        started=started,
        finished=_now(),
        seconds=round(time.monotonic() - clock, 2),
        version=__version__,
        inventory=str(lab.path),
        hosts=runs,
    )


def _run_jobs(
    jobs: list[HostJob],
    mode: str,
    script: Path,
    progress: Progress,
    parallel: int,
    also: Callable[[HostJob], None] | None,
    recorder: Recorder | None,
) -> None:
    state = jobs[0].state
    work = evaluate if mode == "plan" else execute

    def stopping() -> None:
        progress.stopping(
            tuple((j.host.name, f"{j.current.role}: {j.current.name}") for j in jobs if j.current)
        )

    with interruptible(stopping) as interruption:
        for job in jobs:
            job.interruption = interruption
        try:
            state.set_stage(StateStage.Connect)
            with WATCH.connecting():
                _each(jobs, HostJob.connect, interruption, parallel)
            if recorder is not None:
                _each(jobs, recorder.begin, interruption, parallel)
            if mode == "plan":
                _each(jobs, note_owner, interruption, parallel)
            else:
                _each(jobs, take_host, interruption, parallel)
                _each(jobs, wait_for_earlier_work, interruption, parallel)
            state.set_stage(StateStage.Prepare)
            _each(jobs, lambda job: _prepare(job, script), interruption, parallel)
            if mode != "plan":
                state.set_stage(StateStage.Execute)
                state.is_executing = True
            _each(jobs, work, interruption, parallel)
            _each(jobs, _note_simulated, interruption, parallel)
            if mode != "plan":
                _each(jobs, _end, interruption, parallel, of=may_end)
                if recorder is not None:
                    _each(jobs, recorder.take, interruption, parallel)
                _each(jobs, leave_status, interruption, parallel, of=is_told)
            if also is not None:
                _each(jobs, also, interruption, parallel)
        finally:
            state.is_executing = False
            for job in jobs:
                let_go(job)
            disconnect_all(state)


def _prepare(job: HostJob, script: Path) -> None:
    try:
        job.prepare(script)
    finally:  # a deploy script of a lab's own need not call our roles, which do so too
        end_reading(job.host)


def _note_simulated(job: HostJob) -> None:
    with job.contained():
        roles = job.roles_run()
        with asked_together(job, (partial(role.simulated, context) for role, context in roles)):
            job.note_simulated()


def _end(job: HostJob) -> None:
    end_run(job)
    let_go(job)


def is_going(job: HostJob) -> bool:
    """Say whether nothing has ended the host's run yet."""
    return job.is_going


def _each(
    jobs: Iterable[HostJob],
    step: Callable[[HostJob], None],
    interruption: Interruption,
    parallel: int,
    of: Callable[[HostJob], bool] = is_going,
) -> None:
    """Run a step for every host that is still going, ``parallel`` at a time, in inventory order."""
    pool = Pool(parallel)
    interruption.greenlets = []
    for job in jobs:
        pool.wait_available()
        if of(job) and not interruption.is_asked:
            # One by one: a Ctrl-C must find those that run while others wait for their turn.
            interruption.greenlets.append(pool.spawn(step, job))
    pool.join()
    for greenlet in interruption.greenlets:
        greenlet.get()  # a mistake of the engine itself is raised here, not hidden


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
