"""Verify a lab: a session per host, several at once, results as they come."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from functools import partial
from typing import Any, Protocol

from deeprig import __version__
from deeprig.baselines.judge import compare_host
from deeprig.compose import wanted_roles
from deeprig.content import Content
from deeprig.deploy_script import DEPLOY_SCRIPT, roles_named
from deeprig.engine.side_by_side import side_by_side
from deeprig.inventory.load import Lab
from deeprig.inventory.model import DeclaredHost
from deeprig.inventory.sources.snapshot import handed_over
from deeprig.masking import Masker
from deeprig.report.decode import decode
from deeprig.report.model import CheckResult, HostVerification, VerifyReport
from deeprig.selection import Selection
from deeprig.verify.reach import reach
from deeprig.verify.recorder import PROGRESS_KEY
from deeprig.verify.request import Request
from deeprig.verify.sessions import Sessions, Unfinished
from deeprig.verify.status import STATUS_ROLE, leave_status
from deeprig.verify.training.request import DEFAULT_PROFILE, Profile

#: A session is a process; the checks themselves run on the hosts.
DEFAULT_PARALLEL = 8


class VerifyProgress(Protocol):
    """Receives what happens, for showing."""

    def host_started(self, host: str) -> None:
        """Note that a host's checks start."""

    def check_finished(self, result: CheckResult) -> None:
        """Note one check's result."""

    def check_goes_on(self, host: str, text: str) -> None:
        """Note how far a long check is."""

    def host_finished(self, result: HostVerification) -> None:
        """Note a host's verdict."""


@dataclass(frozen=True, slots=True)
class Thoroughness:
    """How thoroughly environments are proven to train.

    ``burn_minutes``: how long the machine is burned in, None for the profile's own time.
    ``accepts_baseline``: what is measured now is the beginning of a new baseline, also if slower.
    """

    profile: Profile = DEFAULT_PROFILE
    burn_minutes: float | None = None
    accepts_baseline: bool = False


QUICK = Thoroughness()


@dataclass(slots=True)
class _Session:
    lab: Lab
    host: DeclaredHost
    roles: tuple[str, ...]
    progress: VerifyProgress
    thoroughness: Thoroughness
    inventory: str
    sessions: Sessions
    is_whole: bool = True
    checks: list[CheckResult] = field(default_factory=list)
    facts: Mapping[str, Any] = field(default_factory=dict)
    result: HostVerification | None = None


def verify_lab(
    lab: Lab,
    selection: Selection,
    progress: VerifyProgress,
    *,
    parallel: int = DEFAULT_PARALLEL,
    thoroughness: Thoroughness = QUICK,
) -> tuple[VerifyReport, bool]:
    """Verify the selected hosts. Return the report, and whether the person interrupted it."""
    hosts = selection.hosts_of(lab)
    selection.check_roles(lab)
    started, clock = _now(), time.monotonic()
    with handed_over(lab) as inventory, closing(Sessions(inventory)) as processes:
        sessions = [
            _Session(
                lab,
                host,
                verified_roles(lab.content, host, selection),
                progress,
                thoroughness,
                inventory,
                processes,
                is_whole=not (selection.roles or selection.skipped_roles),
            )
            for host in hosts
        ]
        was_interrupted = side_by_side((partial(_run, session) for session in sessions), parallel)
    report = VerifyReport(
        started=started,
        finished=_now(),
        seconds=round(time.monotonic() - clock, 2),
        version=__version__,
        inventory=str(lab.path),
        hosts=tuple(session.result or _interrupted(session) for session in sessions),
    )
    return report, was_interrupted


def verified_roles(content: Content, host: DeclaredHost, selection: Selection) -> tuple[str, ...]:
    """Return the host's roles that have checks.

    Where neither the host nor the lab's deploy script says which it has, these are all roles.
    """
    with_checks = tuple(
        name
        for name in content.role_names()
        if any((root / "roles" / name / "verify.py").is_file() for root in content.roots)
    )
    named = roles_named(content.file(DEPLOY_SCRIPT))
    roles = wanted_roles(with_checks if named is None else named, host.roles)
    return tuple(r for r in roles if r in with_checks and selection.allows(r))


def _run(session: _Session) -> None:
    started = time.monotonic()
    session.progress.host_started(session.host.name)
    reached = reach(session.host, session.lab.directory)
    session.facts = asdict(reached.facts) if reached.facts else {}
    if reached.problem is not None:
        result = HostVerification(
            session.host.name,
            "unreachable",
            reason=f"{reached.problem.place}: {reached.problem.reason}",
            remedy=reached.problem.remedy,
        )
    else:
        if session.roles:
            _run_checks(session)
            _compare(session)
        result = _kept(session, _verdict(session))
    session.result = replace(
        result,
        seconds=round(time.monotonic() - started, 2),
        gpu_count=session.host.settings.gpu_count,
    )
    session.progress.host_finished(session.result)


def _run_checks(session: _Session) -> None:
    request = Request(
        session.inventory,
        session.host.name,
        session.roles,
        session.thoroughness.profile,
        session.thoroughness.burn_minutes,
    )
    try:
        with closing(session.sessions.run(request)) as told_lines:
            for told in told_lines:
                if PROGRESS_KEY in told:
                    session.progress.check_goes_on(session.host.name, str(told[PROGRESS_KEY]))
                    continue
                result = decode(CheckResult, told)
                session.checks.append(result)
                session.progress.check_finished(result)
    except Unfinished as error:
        masker = Masker.of(session.host.settings, *session.host.role_settings.values())
        _note_unfinished(session, masker(str(error)))


def _compare(session: _Session) -> None:
    """Compare what the host measured with earlier runs and its twins, and keep what is good."""
    compared = compare_host(
        session.lab.directory,
        _verdict(session),
        _now(),
        accepts=session.thoroughness.accepts_baseline,
    )
    for result in compared:
        session.checks.append(result)
        session.progress.check_finished(result)


def _kept(session: _Session, result: HostVerification) -> HostVerification:
    """Leave the verdict on a host that is watched; where that fails the host is not as declared.

    Of some of its roles only, it says nothing about the host.
    """
    if STATUS_ROLE not in session.roles or not session.is_whole:
        return result
    problem = leave_status(session.host, session.lab.directory, result)
    if problem is not None:
        session.checks.append(
            CheckResult(
                host=session.host.name,
                role="verify",
                name="the result is left on the host",
                outcome="fail",
                evidence=problem,
            )
        )
    return _verdict(session)


def _note_unfinished(session: _Session, evidence: str) -> None:
    """Record that checks may be missing, so that those which passed prove nothing alone."""
    session.checks.append(
        CheckResult(
            host=session.host.name,
            role="verify",
            name="the checks ran to their end",
            outcome="unknown",
            evidence=evidence,
        )
    )


def _interrupted(session: _Session) -> HostVerification:
    _note_unfinished(session, f"interrupted after {len(session.checks)} finished checks")
    return _verdict(session)


def _verdict(session: _Session) -> HostVerification:
    return HostVerification.of_checks(session.host.name, tuple(session.checks), facts=session.facts)


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
