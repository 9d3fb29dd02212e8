"""``diff-fleet`` on a screen: equal differences together, the odd hosts by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from rich.text import Text

from deeprig.fleet.coverage import compared_sections
from deeprig.fleet.grouped import (
    MOST_VALUES,
    Group,
    column,
    groups_in,
    shown,
    unread_together,
    variants_of,
)
from deeprig.fleet.model import Difference, FleetReport
from deeprig.report.host_ranges import host_ranges
from deeprig.report.screen import Column, Screen, style_of
from deeprig.report.show_problems import show_problem

#: Keys of one group that are shown without -v.
_SHOWN = 15
#: More values than these side by side are listed below their key; so they are where it is narrow.
_MOST_COLUMNS, _NARROW = 3, 70


def show_fleet(report: FleetReport, screen: Screen, *, verbose: bool) -> None:
    """Print the differences by section, what could not be read, and one line of summary."""
    for section in report.sections:
        groups = groups_in(report, section)
        if groups:
            count = sum(group.count for group in groups)
            screen.line(screen.text(f"{section}: {count} differ", "bold"))
        for group in groups:
            _show_group(group, screen, verbose=verbose)
    _show_unread(report, screen)
    if verbose:
        _show_skipped(report, screen)
    _show_hosts(report, screen)
    screen.line(screen.text(summary_line(report)))


def summary_line(report: FleetReport) -> str:
    """Return how many hosts and keys were compared, and how many differ in which sections."""
    read = len(report.read_hosts)
    told = f"{read} of {len(report.hosts)} hosts, {report.compared} keys compared"
    counts = {
        section: sum(one.section == section for one in report.differences)
        for section in report.sections
    }
    by_section = ", ".join(f"{section} {count}" for section, count in counts.items() if count)
    none = "none differs" if compared_sections(report) else "nothing was compared"
    differ = f"{len(report.differences)} differ ({by_section})" if by_section else none
    unread = f", {len(report.unread)} could not be read" if report.unread else ""
    return f"{told}: {differ}{unread}; {report.seconds:.1f} s"


def _show_group(group: Group, screen: Screen, *, verbose: bool) -> None:
    screen.indented(screen.text(group.head, style_of("changed")))
    rows = group.differences if verbose else group.differences[:_SHOWN]
    is_narrow = screen.console.is_terminal and screen.console.width < _NARROW
    if len(group.columns) > _MOST_COLUMNS or is_narrow:
        _show_list(rows, screen, verbose=verbose)
    else:
        _show_table(group, rows, screen)
    if len(rows) < group.count:
        left = group.count - len(rows)
        screen.indented(screen.text(f"and {left} more; -v shows all", "dim"))


def _show_table(group: Group, rows: Sequence[Difference], screen: Screen) -> None:
    columns = [Column("key", folds=True), *(Column(name, folds=True) for name in group.columns)]
    cells = [
        [screen.text(one.key), *(screen.text(shown(v.value)) for v in variants_of(one))]
        for one in rows
    ]
    screen.table(columns, cells)


def _show_list(rows: Sequence[Difference], screen: Screen, *, verbose: bool) -> None:
    for difference in rows:
        screen.indented(screen.text(difference.key, "bold"), depth=2)
        variants = variants_of(difference)
        first = variants if verbose else variants[:MOST_VALUES]
        for variant in first:
            told = f"{column(variant)}: {shown(variant.value)}"
            screen.indented(screen.text(told), depth=3)
        if len(first) < len(variants):
            left = len(variants) - len(first)
            screen.indented(screen.text(f"and {left} more values; -v shows all", "dim"), depth=3)


def _show_unread(report: FleetReport, screen: Screen) -> None:
    for head, why in unread_together(report):
        screen.line(screen.text(head, style_of("unknown")), screen.text(f": {why}"))


def _show_skipped(report: FleetReport, screen: Screen) -> None:
    hosts: dict[tuple[str, str], list[str]] = defaultdict(list)
    for entry in report.skipped:
        hosts[entry.section, entry.why].append(entry.host)
    for (section, why), names in hosts.items():
        told = f"{host_ranges(names)}: {section} not compared: {why}"
        screen.line(screen.text(told, "dim"))


def _show_hosts(report: FleetReport, screen: Screen) -> None:
    for host in report.hosts:
        if host.note:
            screen.line(Text.assemble(screen.text(f"{host.host}: {host.note}", "yellow")))
        if host.status != "read":
            show_problem(screen, host.host, host.status, host.reason, host.remedy)
