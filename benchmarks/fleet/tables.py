"""The results as Markdown: what a reader compares, and what the program decided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.fleet.bounds import STATES, Bound, bounds_of, ratio
from benchmarks.fleet.far_link import ROUND_TRIP_MILLISECONDS
from benchmarks.fleet.samples import Cell, Results, Sample, Scene, Spread
from benchmarks.fleet.ways import OPEN_CONNECTION, SHELL_SCRIPT

_NOT_MEASURED = "—"
_BYTES_PER_KILOBYTE = 1000
_MEGABYTES_PER_MEBIBYTE = 1.048576


def page_end(results: Results) -> str:
    """Return everything of the page that a run decides."""
    parts = (
        _about(results),
        "## The bounds\n\n" + bounds_table(bounds_of(results, results.about["default_transport"])),
        *(_times(results, state, floor) for state, floor in STATES),
        "## On the wire\n\n" + wire_table(results),
        "## A fresh host\n\n" + fresh_table(results),
        "## The controller\n\n" + controller_table(results),
        _problems(results),
        "## Command lines\n\n" + _commands(results),
    )
    return "\n" + "\n".join(part for part in parts if part)


def bounds_table(bounds: Iterable[Bound]) -> str:
    """Return what was promised beside what was measured."""
    rows = [
        (
            b.name,
            f"≤ {b.limit:g}{b.unit}",
            _value(b),
            f"**{b.verdict}**".replace("**kept**", "kept"),
        )
        for b in bounds
    ]
    return table(("bound", "at most", "measured", "verdict"), rows)


def times_table(results: Results, floor: str, names: Sequence[str]) -> str:
    """Return medians with spread, and how many times the floor they are."""
    columns = _columns(results)
    rows = []
    for name in names:
        cells = [Cell(scene, hosts, name) for scene, hosts in columns]
        if any(results.seconds(cell) for cell in cells):
            rows.append((name, *(_timed(results, c, Cell(c.scene, c.hosts, floor)) for c in cells)))
    titles = (
        f"1 host, {ROUND_TRIP_MILLISECONDS} ms away" if scene == "far" else _hosts(hosts)
        for scene, hosts in columns
    )
    return table(("way", *titles), rows)


def wire_table(results: Results) -> str:
    """Return what each way says to one host, and what a distance costs it."""
    rows = []
    for name in _names(results, "far"):
        talks = [s.conversation for s in results.of(Cell("far", 1, name)) if s.conversation]
        if not talks:
            continue
        most = max(talks, key=lambda talk: talk.turns)
        kilobytes = (most.bytes_to_host + most.bytes_from_host) / _BYTES_PER_KILOBYTE
        cost = distance_cost(results, name)
        rows.append(
            (
                *(name, str(most.connections), str(most.commands), str(most.login_turns)),
                *(str(most.turns), _own_trips(results, name), f"{kilobytes:.0f}"),
                _NOT_MEASURED if cost is None else f"{cost:.1f}",
            )
        )
    titles = (
        "connections",
        "commands",
        "turns to log in",
        "turns after",
        "as it says",
        "kB",
        "distance's cost",
    )
    return table(("way", *titles), rows)


def _own_trips(results: Results, way: str) -> str:
    told = [s.own_round_trips for s in results.of(Cell("far", 1, way))]
    return str(max((trips for trips in told if trips is not None), default=_NOT_MEASURED))


def distance_cost(results: Results, way: str) -> float | None:
    """Return how many round trips a way waits for: what the distance adds by one round trip."""
    far, near = (results.seconds(Cell(scene, 1, way)) for scene in ("far", "near"))
    if far is None or near is None:
        return None
    return (far.median - near.median) * 1000 / ROUND_TRIP_MILLISECONDS


def fresh_table(results: Results) -> str:
    """Return what making the state takes on a host that has nothing."""
    script = Cell("fresh", 1, SHELL_SCRIPT)
    rows = []
    for name in _names(results, "fresh"):
        cell = Cell("fresh", 1, name)
        by_script = ratio(results, cell, script)
        shown = _NOT_MEASURED if by_script is None else f"{by_script:.2f}"
        rows.append((name, _spread(results.seconds(cell)), shown))
    return table(("way", "seconds", "by the script"), rows)


def controller_table(results: Results) -> str:
    """Return what the controller's processes take: memory, and CPU time per host."""
    rows = []
    for scene in ("memory", "near"):
        for sample in _first_per_cell(results, scene):
            cell = sample.cell
            cpu = Spread.of(s.cpu_seconds / cell.hosts for s in results.of(cell))
            largest = _highest(s.largest_mebibytes for s in results.of(cell))
            total = _highest(s.all_mebibytes for s in results.of(cell))
            per_host = f"{cpu.median:.2f}" if cpu else _NOT_MEASURED
            rows.append((cell.way, str(cell.hosts), largest, total, per_host))
    titles = ("way", "hosts", "MB, largest process", "MB, all processes", "CPU s per host")
    return table(titles, sorted(rows, key=lambda row: (row[0], int(row[1]), row[3])))


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    head = (titles, ["---"] * len(titles))
    return "".join(f"| {' | '.join(row)} |\n" for row in (*head, *rows))


def _times(results: Results, state: str, floor: str) -> str:
    names = [floor, floor + OPEN_CONNECTION]
    others = [n for scene in ("near", "far") for n in _names(results, scene)]
    own = [n for n in others if n.startswith(f"deeprig, {state}")]
    if floor == "floor":
        own = [n for n in others if n.startswith(("pyinfra", "Ansible"))] + own
    head = f"## A re-run that changes nothing: {state}\n\n"
    return head + times_table(results, floor, tuple(dict.fromkeys((*names, *own))))


def _columns(results: Results) -> tuple[tuple[Scene, int], ...]:
    near = sorted({s.cell.hosts for s in results.samples if s.cell.scene == "near"})
    is_far = any(sample.cell.scene == "far" for sample in results.samples)
    columns: list[tuple[Scene, int]] = [("near", hosts) for hosts in near]
    return (*columns, ("far", 1)) if is_far else tuple(columns)


def _names(results: Results, scene: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(s.cell.way for s in results.samples if s.cell.scene == scene))


def _first_per_cell(results: Results, scene: str) -> tuple[Sample, ...]:
    counting = [s for s in results.samples if s.cell.scene == scene and s.problem is None]
    return tuple({sample.cell: sample for sample in reversed(counting)}.values())[::-1]


def _timed(results: Results, cell: Cell, floor: Cell) -> str:
    spread = results.seconds(cell)
    by_floor = ratio(results, cell, floor)
    if spread is None or by_floor is None or cell == floor:
        return _spread(spread)
    return f"{_spread(spread)}, {by_floor:.1f}×"  # noqa: RUF001 - times


def _spread(spread: Spread | None) -> str:
    if spread is None:
        return _NOT_MEASURED
    if spread.count == 1:
        return f"{spread.median:.2f} (once)"
    return f"{spread.median:.2f} ({spread.least:.2f}–{spread.greatest:.2f})"  # noqa: RUF001 - a range


def _highest(mebibytes: Iterable[float | None]) -> str:
    known = [number for number in mebibytes if number is not None]
    return f"{max(known) * _MEGABYTES_PER_MEBIBYTE:.0f}" if known else _NOT_MEASURED


def _value(bound: Bound) -> str:
    if bound.value is None:
        return _NOT_MEASURED
    return f"{bound.value:.0f}{bound.unit}" if bound.limit >= 8 else f"{bound.value:.2f}"


def _hosts(count: int) -> str:
    return "1 host" if count == 1 else f"{count} hosts"


def _about(results: Results) -> str:
    about = results.about
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    loads = [sample.load_before for sample in results.samples]
    load = f"{min(loads):.1f} to {max(loads):.1f}" if loads else "unknown"
    return (
        f"{about['date']}; {about['machine']}, controller and hosts at once; load average of the"
        f" minute before a run: {load} (the runs before it count too).\n\n{versions}.\n\n"
        f"`{about['command']}`, in {about['minutes']:.1f} minutes"
        f" and {about['sessions']} session(s).\n"
    )


def _problems(results: Results) -> str:
    lines = [
        f"- {s.cell.scene}, {_hosts(s.cell.hosts)}, {s.cell.way}: {_one_line(s.problem)}\n"
        for s in results.samples
        if s.problem
    ]
    return "## Runs that do not count\n\n" + "".join(lines) if lines else ""


def _commands(results: Results) -> str:
    shown = {s.cell.way: s.command for s in results.samples if s.cell.scene != "memory"}
    return "".join(f"- {way}: `{_one_line(command)}`\n" for way, command in shown.items())


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("`", "'")
