"""A rollout on a screen: how far it is, wave by wave, and the hosts that are not good, grouped."""

from __future__ import annotations

from collections import defaultdict

from rich.text import Text

from deeprig.report.screen import Column, Screen
from deeprig.waves.model import GOOD, HostRecord, Rollout, WaveRecord
from deeprig.waves.planning import preview, told

_WAVE_COLUMNS = (
    Column("wave"),
    Column("hosts", folds=True),
    Column("step", folds=True),
    Column("seconds", is_number=True),
)
_STYLES = {
    "good": "green",
    "passed": "green",
    "done": "green",
    "failed": "bold red",
    "stopped": "bold red",
    "unreachable": "bold red",
    "put back": "yellow",
    "applied": "yellow",
}
_ORDER = ("good", "applied", "put back", "failed", "unreachable", "working", "waiting")


def show_rollout(
    rollout: Rollout, screen: Screen, *, is_led: bool | None, asked: str | None = None
) -> None:
    """Print it. ``is_led`` says whether a live process leads it, ``asked`` what was asked of it."""
    screen.line(
        Text("Rollout "),
        screen.text(rollout.id, "bold"),
        Text(": "),
        screen.text(rollout.status, _STYLES.get(rollout.status, "yellow")),
        screen.text(f": {rollout.reason}" if rollout.reason else ""),
    )
    for line in _leading(rollout, is_led=is_led, asked=asked):
        screen.indented(screen.text(line))
    if rollout.waves:
        screen.table(_WAVE_COLUMNS, [_row(wave, screen) for wave in rollout.waves])
    for state, reason, put_back, hosts in _odd(rollout):
        head = screen.text(f"{told(hosts)}: {state}", _STYLES.get(state, ""))
        screen.line(head, screen.text(f": {reason}" if reason else ""))
        if put_back:
            screen.indented(screen.text(f"-> {put_back}"))
    drained = tuple(r.host for r in rollout.hosts if r.is_drained and r.state != "working")
    if drained:
        screen.line(screen.text(f"still out of service (drained): {told(drained)}", "yellow"))
    screen.line(screen.text(summary(rollout)))


def show_all(rollouts: tuple[Rollout, ...], screen: Screen) -> None:
    """Print a line per rollout, the newest first."""
    columns = (Column("rollout"), Column("status"), Column("hosts", folds=True))
    rows = [
        (
            screen.text(rollout.id),
            screen.text(rollout.status, _STYLES.get(rollout.status, "yellow")),
            screen.text(summary(rollout)),
        )
        for rollout in rollouts
    ]
    screen.table(columns, rows)


def summary(rollout: Rollout) -> str:
    """Return one line: how many hosts are in which state."""
    counts = {state: len(rollout.in_state(state)) for state in _ORDER}
    states = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    return f"{len(rollout.hosts)} host{'s' if len(rollout.hosts) != 1 else ''}: {states}"


def policy_line(rollout: Rollout) -> str:
    """Return how a rollout goes, for people."""
    policy = rollout.policy
    canary = told(policy.canary_hosts) or f"{policy.canary_count}"
    grows = f"waves of {policy.wave_size}" if policy.wave_size else f"growth {policy.growth:g}"
    rule = f"canary {canary}, {grows}, at most {policy.max_unavailable} out at once"
    times = f"; windows {', '.join(policy.windows)}" if policy.windows else ""
    return f"{rule}; gate {policy.gate}; {policy.max_fail} may fail{times}"


def show_preview(rollout: Rollout, screen: Screen) -> None:
    """Print which hosts each wave would have if all goes well."""
    screen.line(screen.text(policy_line(rollout)))
    columns = (Column("wave"), Column("count", is_number=True), Column("hosts", folds=True))
    rows = [
        (Text(str(number)), Text(str(len(hosts))), screen.text(told(hosts)))
        for number, hosts in enumerate(preview(rollout), start=1)
    ]
    screen.table(columns, rows)


def _leading(rollout: Rollout, *, is_led: bool | None, asked: str | None) -> list[str]:
    lines = [policy_line(rollout)]
    by = rollout.controller
    if rollout.status in ("running", "paused") and by is not None:
        who = f"pid {by.pid} on {by.machine}, since {by.since}"
        if is_led:
            lines.append(f"led by {who}")
        elif is_led is None:
            lines.append(f"led by {who}: whether that lives cannot be told from here")
        else:
            lines.append(f"its controller is gone ({who}): 'deeprig resume' goes on with it")
    elif rollout.status in ("interrupted", "outside window", "incomplete"):
        lines.append("'deeprig resume' goes on with it")
    if asked is not None and is_led:
        lines.append(f"asked to {asked} after the wave under way")
    return lines


def _row(wave: WaveRecord, screen: Screen) -> tuple[Text, ...]:
    name = f"{wave.number} (canary)" if wave.is_canary else str(wave.number)
    step = screen.text(wave.step, _STYLES.get(wave.step, "yellow"))
    return screen.text(name), screen.text(told(wave.hosts)), step, Text(f"{wave.seconds:.1f}")


def _odd(rollout: Rollout) -> list[tuple[str, str | None, str | None, tuple[str, ...]]]:
    """Return the hosts that are neither good nor waiting, those that are alike together."""
    groups: dict[tuple[str, str | None, str | None], list[str]] = defaultdict(list)
    for record in rollout.hosts:
        if _is_odd(record):
            groups[record.state, record.reason, record.put_back].append(record.host)
    return [(*key, tuple(hosts)) for key, hosts in groups.items()]


def _is_odd(record: HostRecord) -> bool:
    if record.state in GOOD:
        return record.put_back is not None
    return record.state != "waiting"
