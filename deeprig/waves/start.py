"""Make a rollout of what the inventory and the command line say, or take one up again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from deeprig import __version__
from deeprig.errors import InventoryProblem, Problem, UsageProblem
from deeprig.waves.amount import hosts_of
from deeprig.waves.controller import is_alive, this_process
from deeprig.waves.model import RESUMABLE, Asked, HostRecord, Policy, Rollout
from deeprig.waves.overrides import Overrides
from deeprig.waves.settings import WaveSettings

if TYPE_CHECKING:
    from deeprig.inventory.load import Lab
    from deeprig.inventory.model import DeclaredHost


def new_rollout(
    lab: Lab, hosts: tuple[DeclaredHost, ...], asked: Asked, overrides: Overrides, now: datetime
) -> Rollout:
    """Return a rollout that has not begun. Raise InventoryProblem or UsageProblem.

    ``declared`` is still empty.
    """
    _refuse_ambiguous(lab, hosts)
    settings = _settings_of(hosts, overrides)
    names = tuple(host.name for host in hosts)
    return Rollout(
        id=f"{now.strftime('%Y%m%dT%H%M%SZ')}-{asked.command}",
        status="running",
        inventory=str(lab.path),
        version=__version__,
        started=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        declared="",
        asked=asked,
        policy=_policy(settings, names),
        hosts=tuple(HostRecord(name) for name in names),
    )


def taken_up(rollout: Rollout, lab: Lab, declared: str) -> Rollout:
    """Return a rollout that goes on under this process. Raise UsageProblem where it must not.

    A change that was cut off is begun with the drain again; hosts that were unreachable get
    their turn. What is being put back may go on whatever the inventory says by now.
    """
    if rollout.status not in RESUMABLE:
        raise UsageProblem(
            f"the rollout {rollout.id} has ended: {rollout.status}",
            remedy="start a new one: what is as declared is left as it is",
        )
    wave = rollout.wave
    if declared != rollout.declared and not (wave is not None and wave.has_failed):
        raise UsageProblem(
            f"what the lab declares is not what the rollout {rollout.id} began with",
            place=str(lab.directory),
            remedy="put it back as it was, or 'deeprig abort' and start a new rollout",
        )
    missing = {record.host for record in rollout.hosts} - {host.name for host in lab.hosts}
    if missing:
        raise UsageProblem(f"the inventory has no {sorted(missing)[0]} any more")
    rollout = rollout.with_hosts(rollout.in_state("unreachable"), state="waiting", reason=None)
    if wave is not None and wave.step == "changing":
        rollout = rollout.with_wave(step="draining")
    return replace(
        led_by_us(rollout),
        status="running",
        reason=None,
        finished=None,
        resumed=rollout.resumed + 1,
    )


def led_by_us(rollout: Rollout) -> Rollout:
    """Return a rollout that this process leads."""
    return replace(rollout, controller=this_process())


def is_led(rollout: Rollout) -> bool | None:
    """Say whether a live process leads a rollout; None: another machine's, not to be told."""
    if rollout.status not in ("running", "paused"):
        return False
    return rollout.controller is not None and is_alive(rollout.controller)


def aborted(rollout: Rollout, finished: str) -> Rollout:
    """Return a rollout that nobody leads as ended. Hosts under change are in an unknown state."""
    is_back = rollout.wave is not None and rollout.wave.step == "putting back"
    work = "put back" if is_back else "under change"
    cut = f"the rollout was aborted while this host was {work}: apply it again"
    rollout = rollout.with_hosts(rollout.in_state("working"), state="failed", reason=cut)
    if rollout.wave is not None:
        rollout = rollout.with_wave(step="stopped", reason="aborted", finished=finished)
    return replace(rollout, status="aborted", reason="aborted on request", finished=finished)


def _refuse_ambiguous(lab: Lab, hosts: tuple[DeclaredHost, ...]) -> None:
    """Raise UsageProblem for a host whose name stands for others too: a wave is chosen by names."""
    groups = {group for host in lab.hosts for group in host.groups}
    for host in hosts:
        if host.name in groups or set(host.name) & set("*?["):
            raise UsageProblem(
                f"the host {host.name!r} has the name of a group, or a pattern's",
                place=str(lab.path),
                remedy="rename the group: a wave of this host would have others in it",
            )


def _settings_of(hosts: tuple[DeclaredHost, ...], overrides: Overrides) -> WaveSettings:
    """Return the lab's settings. Raise InventoryProblem where hosts disagree."""
    first = hosts[0].settings.waves
    problems = []
    for host in hosts[1:]:
        other = host.settings.waves.model_dump(exclude={"drain"})
        for name, value in first.model_dump(exclude={"drain"}).items():
            if other[name] != value:
                reason = f"waves are the lab's, and {hosts[0].name} has another value"
                remedy = "say it once, in group_data/all.py; only drain may differ"
                problems.append(Problem(f"{host.name}: waves.{name}", reason, remedy))
    if problems:
        raise InventoryProblem(tuple(problems))
    said: Mapping[str, Any] = {
        name: value
        for name, value in asdict(overrides).items()
        if value is not None and name != "is_kept"
    }
    if overrides.is_kept:
        said = {**said, "rollback": "none"}
    return first.model_copy(update=dict(said))


def _policy(settings: WaveSettings, names: tuple[str, ...]) -> Policy:
    total = len(names)
    named = settings.canary if isinstance(settings.canary, tuple) else ()
    here = tuple(host for host in named if host in names)
    if named and not here:
        raise UsageProblem(
            f"no canary is among the selected hosts: {', '.join(named)}",
            place="waves.canary",
            remedy="choose them too, or say another: --canary 1",
        )
    size = settings.wave_size
    return Policy(
        canary_count=len(here) if isinstance(settings.canary, tuple) else settings.canary,
        canary_hosts=here,
        growth=settings.growth,
        wave_size=None if size is None else hosts_of(size, total, least=1),
        max_unavailable=hosts_of(settings.max_unavailable, total, least=1),
        max_fail=hosts_of(settings.max_fail, total, least=0),
        gate=settings.gate,
        rollback=settings.rollback,
        windows=settings.windows,
        time_zone=settings.time_zone,
        expected_wave_minutes=settings.expected_wave_minutes,
    )
