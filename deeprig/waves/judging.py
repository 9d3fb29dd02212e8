"""What a run or a verification says of a rollout's hosts, noted in the rollout. Pure."""

from __future__ import annotations

from typing import Any

from deeprig.report.model import HostRun, HostVerification, RunReport, VerifyReport
from deeprig.waves.model import GOOD, Rollout
from deeprig.waves.works import PutBack

#: Checks that a reason names; the report beside the state has all.
_NAMED = 3
_LONGEST_EVIDENCE = 200


def after_change(rollout: Rollout, report: RunReport) -> Rollout:
    """Return the rollout after a change; hosts that it went well with stay ``working``."""
    for run in report.hosts:
        if run.status != "ok":
            rollout = rollout.with_hosts((run.host,), **_after(run))
    return rollout


def _after(run: HostRun) -> dict[str, Any]:
    was_reached = bool(run.facts or run.operations)
    if run.status == "unreachable" and not was_reached:
        return {"state": "unreachable", "reason": run.reason, "is_touched": False}
    reason = run.reason or run.status
    return {"state": "failed", "reason": reason, "is_touched": run.status != "refused"}


def after_gate(rollout: Rollout, report: VerifyReport) -> Rollout:
    """Return the rollout after its gate: who did not pass has failed, whatever the cause."""
    gate = rollout.policy.gate
    for host in report.hosts:
        if host.status == "passed":
            rollout = rollout.with_hosts((host.host,), state="good", reason=None)
        else:
            reason = f"health gate ({gate}): {why(host)}"
            rollout = rollout.with_hosts((host.host,), state="failed", reason=reason)
    return rollout


def why(host: HostVerification) -> str:
    """Return why a host did not pass, in one line."""
    if host.reason:
        return host.reason
    bad = [check for check in host.checks if check.outcome in ("fail", "unknown")]
    named = [f"{check.role}: {check.name}: {check.outcome}" for check in bad[:_NAMED]]
    more = [f"{len(bad) - _NAMED} more"] if len(bad) > _NAMED else []
    evidence = " ".join(bad[0].evidence.split())[:_LONGEST_EVIDENCE] if bad else ""
    return "; ".join((*named, *more)) + (f" ({evidence})" if evidence else "")


def before_put_back(rollout: Rollout, hosts: tuple[str, ...]) -> Rollout:
    """Return the rollout with no host called good that is about to be changed back."""
    proven = tuple(name for name in hosts if rollout.host(name).state in GOOD)
    return rollout.with_hosts(proven, state="working")


def after_put_back(rollout: Rollout, results: tuple[PutBack, ...], before: Rollout) -> Rollout:
    """Return the rollout after its wave was put back, as far as it could be.

    A host with nothing to go back to keeps what it was before: proven, failed, or changed and yet
    to be proven.
    """
    reason = f"its wave was put back: {rollout.waves[-1].reason}"
    for result in results:
        name, record = (result.host,), rollout.host(result.host)
        if result.outcome == "put back":
            told = record.reason or reason
            rollout = rollout.with_hosts(name, state="put back", reason=told)
        elif result.outcome == "failed":
            told = record.reason or reason
            rollout = rollout.with_hosts(name, state="failed", reason=told)
        else:
            rollout = rollout.with_hosts(name, state=before.host(result.host).state)
        rollout = rollout.with_hosts(name, put_back=result.told)
    return rollout


def untouched_as_waiting(rollout: Rollout) -> Rollout:
    """Return the rollout with what its last wave took out of service and left alone as waiting."""
    left = (n for n in rollout.waves[-1].hosts if rollout.host(n).state == "working")
    untouched = tuple(name for name in left if not rollout.host(name).is_touched)
    return rollout.with_hosts(untouched, state="waiting", wave=None)


def unproven_as_applied(rollout: Rollout) -> Rollout:
    """Return a rollout without a gate with what its last wave changed as ``applied``."""
    left = tuple(n for n in rollout.waves[-1].hosts if rollout.host(n).state == "working")
    return rollout.with_hosts(left, state="applied")


def serving_hosts(rollout: Rollout) -> tuple[str, ...]:
    """Return the hosts of the last wave that may go back into service: proven, or never touched."""
    serving = (*GOOD, "put back", "waiting")
    return tuple(n for n in rollout.waves[-1].hosts if rollout.host(n).state in serving)
