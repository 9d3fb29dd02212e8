"""One pull: fetch, prove, take, apply to this machine, and leave word of it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deeprig.engine.progress import Progress
from deeprig.engine.run import run_lab
from deeprig.errors import DeeprigError, UsageProblem
from deeprig.fleet.pull.own_lab import own_lab
from deeprig.fleet.pull.repository import Origin, Repository
from deeprig.fleet.pull.status import SEEN_BY_METRICS, PullStatus, leave_status
from deeprig.report import exit_codes, store
from deeprig.report.model import RunReport
from deeprig.selection import Selection


@dataclass(frozen=True, slots=True)
class Pull:
    """What is pulled: from where, for which host, and where it is kept here."""

    origin: Origin
    host: str | None
    inventory: Path
    directory: Path
    mode: Literal["plan", "apply"] = "apply"

    @property
    def repository(self) -> Repository:
        """The repository on this machine."""
        return Repository(self.directory / "lab")

    @property
    def status(self) -> Path:
        """Where the last pull's status is."""
        return self.directory / "status.json"


def check(pull: Pull) -> None:
    """Raise UsageProblem for what cannot be done, before anything is fetched."""
    if os.geteuid() != 0:
        raise UsageProblem("it applies to this machine itself", remedy="run it as root")
    if pull.inventory.is_absolute() or ".." in pull.inventory.parts:
        raise UsageProblem(
            "the inventory is a file of the repository", place=f"-i {pull.inventory}"
        )
    pull.origin.check()


def pull_and_apply(pull: Pull, progress: Progress) -> RunReport:
    """Do it, and return the report of this machine's run. Raise DeeprigError.

    However it ends, the status says so; a plan leaves none, and takes no commit.
    """
    check(pull)
    with _alone(pull.directory):
        commit = None
        try:
            commit = _taken(pull)
            report = _applied(pull, progress)
        except DeeprigError as error:
            if pull.mode == "apply":
                _leave(pull, _failed(pull, commit, error))
            raise
        if pull.mode == "apply":
            _leave(pull, _ended(pull, commit, report))
    return report


def _taken(pull: Pull) -> str:
    repository = pull.repository
    commit = repository.fetch(pull.origin)
    repository.prove(commit, pull.origin)
    repository.place(commit)
    if pull.mode == "apply":
        repository.note_taken(commit)
    return commit


def _applied(pull: Pull, progress: Progress) -> RunReport:
    lab = own_lab(pull.repository.lab / pull.inventory, pull.host)
    report = run_lab(lab, pull.mode, Selection((lab.hosts[0].name,)), progress, parallel=1)
    report = report.with_exit_code(exit_codes.of_run(report))
    store.save(report, lab.directory)
    return report


def _failed(pull: Pull, commit: str | None, error: DeeprigError) -> PullStatus:
    return PullStatus(
        host=pull.host or os.uname().nodename,
        repository=pull.origin.url,
        branch=pull.origin.branch,
        commit=commit,
        ok=False,
        changed=0,
        failed=1,
        text=str(error.problems[0]),
        exit_code=int(error.exit_code),
    )


def _ended(pull: Pull, commit: str | None, report: RunReport) -> PullStatus:
    (run,) = report.hosts
    failed = sum(result.status == "failed" for result in run.operations)
    return PullStatus(
        host=run.host,
        repository=pull.origin.url,
        branch=pull.origin.branch,
        commit=commit,
        ok=run.status == "ok",
        changed=run.change_count,
        failed=failed if run.status == "ok" else max(failed, 1),
        text=run.reason or f"{run.change_count} changed",
        exit_code=report.exit_code,
    )


def _leave(pull: Pull, status: PullStatus) -> None:
    leave_status(status, (pull.status, SEEN_BY_METRICS))


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Keep other pulls of this directory out. Raise DeeprigError where one is under way."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (directory / "lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DeeprigError(
                "another pull is under way", place=str(directory), remedy="wait until it ends"
            ) from error
        yield
