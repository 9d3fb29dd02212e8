"""Which hosts come next: canary, then waves that grow, never more out than allowed.

A wave's size depends on what the earlier ones proved, so that there is no list of waves made at the
beginning: it grows only after a wave in which a host was proven.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from deeprig.report.host_ranges import host_ranges
from deeprig.waves.model import GOOD, Rollout, Status, WaveRecord

_LONGEST_RANGES = 60


@dataclass(frozen=True, slots=True)
class Next:
    """The wave that comes next."""

    hosts: tuple[str, ...]
    is_canary: bool


@dataclass(frozen=True, slots=True)
class End:
    """No wave comes: how the rollout ends, and why."""

    status: Status
    reason: str | None


def next_wave(rollout: Rollout) -> Next | End:
    """Return the next wave of a rollout between two waves, or how it ends."""
    waiting = rollout.in_state("waiting")
    if not waiting:
        return _finished(rollout)
    out = rollout.in_state("failed", "unreachable", "working")
    room = rollout.policy.max_unavailable - len(out)
    if room <= 0:
        limit = rollout.policy.max_unavailable
        return End("stopped", f"{told(out)} out of service, max_unavailable is {limit}")
    policy = rollout.policy
    named = tuple(host for host in waiting if host in policy.canary_hosts)
    if named:
        return Next(named[:room], is_canary=True)
    proven = sum(_has_proven(rollout, wave) for wave in rollout.waves)
    if proven:
        return Next(waiting[: min(room, _size(rollout, proven))], is_canary=False)
    if policy.canary_hosts:
        return End("stopped", f"no canary was proven: {told(policy.canary_hosts)}")
    return Next(waiting[: min(room, policy.canary_count)], is_canary=True)


def _size(rollout: Rollout, proven: int) -> int:
    policy = rollout.policy
    if policy.wave_size is not None:
        return policy.wave_size
    size = float(policy.canary_count)
    for _ in range(proven):
        size = min(size * policy.growth, float(len(rollout.hosts)))
    return math.ceil(size)


def _has_proven(rollout: Rollout, wave: WaveRecord) -> bool:
    return any(rollout.host(name).state in GOOD for name in wave.hosts)


def _finished(rollout: Rollout) -> End:
    failed = rollout.in_state("failed")
    missing = rollout.in_state("unreachable")
    if missing:
        return End("incomplete", f"{told(missing)} unreachable, left for later")
    return End("done", f"{told(failed)} failed, within max_fail" if failed else None)


def too_many_failed(rollout: Rollout) -> str | None:
    """Return why the wave that was just worked on stops the rollout, None where it does not."""
    wave = rollout.waves[-1]
    failed = rollout.in_state("failed")
    of_wave = tuple(name for name in wave.hosts if name in failed)
    if not of_wave:
        return None
    if wave.is_canary:
        return f"the canary failed: {told(of_wave)}"
    if len(failed) > rollout.policy.max_fail:
        return f"{told(failed)} failed, max_fail is {rollout.policy.max_fail}"
    return None


def preview(rollout: Rollout) -> tuple[tuple[str, ...], ...]:
    """Return the waves that there will be if every host is good."""
    waves: list[tuple[str, ...]] = []
    while isinstance(coming := next_wave(rollout), Next):
        waves.append(coming.hosts)
        wave = WaveRecord(len(waves), coming.hosts, "passed")
        rollout = replace(rollout, waves=(*rollout.waves, wave))
        rollout = rollout.with_hosts(coming.hosts, state="good")
    return tuple(waves)


def told(hosts: tuple[str, ...], most: int = 5) -> str:
    """Return hosts for people: the names of a few, ``gpu[01-98,100]`` for many.

    Where even that is long: the first few, and how many more.
    """
    if len(hosts) > most:
        ranges = host_ranges(hosts)
        if len(ranges) <= _LONGEST_RANGES:
            return ranges
    more = len(hosts) - most
    return ", ".join(hosts[:most]) + (f" and {more} more" if more > 0 else "")
