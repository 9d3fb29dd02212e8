"""Rollouts of hosts that are no machines, for the tests of waves."""

from __future__ import annotations

from dataclasses import replace

from deeprig.waves.model import Asked, HostRecord, Policy, Rollout

POLICY = Policy(
    canary_count=1,
    canary_hosts=(),
    growth=2.0,
    wave_size=None,
    max_unavailable=100,
    max_fail=0,
    gate="smoke",
    rollback="wave",
)


def rollout(count=4, *, command="apply", **policy):
    """Return a rollout of hosts h1, h2, ... that has not begun."""
    chosen = replace(POLICY, **policy)
    if chosen.canary_hosts:
        chosen = replace(chosen, canary_count=len(chosen.canary_hosts))
    return Rollout(
        id="20260101T000000Z-apply",
        status="running",
        inventory="inventory/lab.py",
        version="0",
        started="2026-01-01T00:00:00Z",
        declared="as-it-began",
        asked=Asked(command),
        policy=chosen,
        hosts=tuple(HostRecord(f"h{number}") for number in range(1, count + 1)),
    )
