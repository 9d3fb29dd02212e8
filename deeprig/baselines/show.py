"""Comparisons as checks: what dropped, since what changed, and what was not compared and why."""

from __future__ import annotations

from collections.abc import Sequence

from deeprig.baselines.change import NOTHING_KNOWN
from deeprig.baselines.compare import OWN_HISTORY
from deeprig.baselines.measured import Trained
from deeprig.certificate.baseline import SCHEMA, Comparison
from deeprig.report.encode import encode
from deeprig.report.model import CheckResult, Outcome

_MOST_NAMED = 4
_ACCEPT = "if the change is wanted: deeprig verify --accept-baseline"


def check_of(
    about: CheckResult,
    test: str,
    comparisons: Sequence[Comparison],
    hardware_before: str,
    *,
    is_kept: bool,
) -> CheckResult:
    """Return the check of one run; ``about`` is the check that holds its document."""
    outcomes = {one.outcome for one in comparisons}
    outcome: Outcome = "not applicable"
    if "fail" in outcomes:
        outcome = "fail"
    elif "pass" in outcomes:
        outcome = "pass"
    told = [_failed(comparisons), _passed(comparisons), _skipped(comparisons)]
    if hardware_before:
        told.append(f"the run before was on other hardware: {hardware_before}")
    if not is_kept:
        told.append(f"this run becomes no baseline; {_ACCEPT}")
    # What the check already says, and no data of the host's, is in a comparison.
    data = [{k: v for k, v in encode(one).items() if k != "environment"} for one in comparisons]
    return CheckResult(
        host=about.host,
        role=about.role,
        name=f"it is as fast as before ({test})",
        outcome=outcome,
        evidence="; ".join(filter(None, told)),
        environment=about.environment,
        data={"schema": SCHEMA, "comparisons": data},
    )


def uncompared_check(trained: Trained) -> CheckResult:
    """Return the check of a run whose numbers promise nothing."""
    about = trained.check
    return CheckResult(
        host=about.host,
        role=about.role,
        name=f"it is as fast as before ({trained.test or 'unknown framework'})",
        outcome="not applicable",
        evidence=f"not compared, and no baseline: {trained.reason}",
        environment=about.environment,
    )


def troubles_check(about: CheckResult, troubles: Sequence[str]) -> CheckResult:
    """Return the check that tells of files that are not as they must be; none of them is lost."""
    name = "what earlier runs measured can be read"
    evidence = "; ".join(troubles)
    return CheckResult(about.host, about.role, name, "not applicable", evidence)


def unkept_check(about: CheckResult, error: OSError) -> CheckResult:
    """Return the check of a history that could not be read or written: nobody knows of a drop."""
    evidence = f"{error.filename or 'the lab directory'}: {error.strerror}; nothing was compared"
    name = "what earlier runs measured can be read and kept"
    return CheckResult(about.host, about.role, name, "unknown", evidence)


def _failed(comparisons: Sequence[Comparison]) -> str:
    failed = [one for one in comparisons if one.outcome == "fail"]
    told = [f"{one.test}: {one.reason}, against {one.against}" for one in failed[:_MOST_NAMED]]
    if len(failed) > _MOST_NAMED:
        told.append(f"and {len(failed) - _MOST_NAMED} more")
    own = [one for one in failed if one.against == OWN_HISTORY]
    if own:
        told.append(f"changed since the last good run: {own[0].change or NOTHING_KNOWN}")
    return "; ".join(told)


def _passed(comparisons: Sequence[Comparison]) -> str:
    passed = [one for one in comparisons if one.outcome == "pass"]
    changed = next((one.change for one in passed if one.change), "")
    told = f"{len(passed)} of {len(comparisons)} comparisons are good" if passed else ""
    return f"{told} (since the last run: {changed})" if changed else told


def _skipped(comparisons: Sequence[Comparison]) -> str:
    """Return the reasons of what was not compared, each with how many share it."""
    if not comparisons:
        return "it measured nothing that could be compared"
    reasons = [one.reason for one in comparisons if one.outcome == "skip"]
    counts = {reason: reasons.count(reason) for reason in reasons}
    told = [f"{reason} ({count})" for reason, count in counts.items()]
    more = len(told) - _MOST_NAMED
    return "; ".join([*told[:_MOST_NAMED], f"and {more} more"] if more > 0 else told)
