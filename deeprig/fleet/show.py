"""``diff-fleet`` on a screen: equal differences together, the odd hosts by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from rich.text import Text

from deeprig.fleet.coverage import compared_sections
from deeprig.fleet.model import Difference, FleetReport, Variant
from deeprig.report.host_ranges import host_ranges
from deeprig.report.screen import Column, Screen, style_of
from deeprig.report.show_problems import show_problem

#: Keys of one group that are shown without -v.
_SHOWN = 15
#: More values than these side by side are listed below their key; so they are where it is narrow.
_MOST_COLUMNS, _NARROW = 3, 70
_LONGEST_HEAD = 24
#: Values of one key that are shown without -v; where every host has its own, they say nothing.
_MOST_VALUES = 6
_NOT_THERE = "-"


def show_fleet(report: FleetReport, screen: Screen, *, verbose: bool) -> None:
    """Print the differences by section, what could not be read, and one line of summary."""
    for section in report.sections:
        found = [one for one in report.differences if one.section == section]
        if found:
            screen.line(screen.text(f"{section}: {len(found)} differ", "bold"))
            _show_section(found, screen, verbose=verbose)
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


def _show_section(found: Sequence[Difference], screen: Screen, *, verbose: bool) -> None:
    groups: dict[tuple[tuple[str, ...], ...], list[Difference]] = defaultdict(list)
    for difference in found:
        groups[_partition(difference)].append(difference)
    for group in groups.values():
        first = group[0]
        screen.indented(screen.text(_head(first), style_of("changed")))
        shown = group if verbose else group[:_SHOWN]
        _show_group(shown, screen, verbose=verbose)
        if len(shown) < len(group):
            screen.indented(screen.text(f"and {len(group) - len(shown)} more; -v shows all", "dim"))


def _partition(difference: Difference) -> tuple[tuple[str, ...], ...]:
    """Return who has the same as whom; differences of one partition are shown together."""
    common = difference.common.hosts if difference.common else ()
    return (common, *(one.hosts for one in difference.others), difference.unknown)


def _head(difference: Difference) -> str:
    odd = " / ".join(host_ranges(one.hosts) for one in difference.others)
    ways = len(_variants(difference))
    if ways > _MOST_VALUES:
        hosts = sum(len(one.hosts) for one in _variants(difference))
        told = f"{hosts} hosts in {ways} ways"
    elif difference.common is None:
        told = f"no majority: {odd}"
    else:
        common = difference.common.hosts
        told = f"{odd} unlike {host_ranges(common)}"
        told += f" ({len(common)} hosts)" if len(common) > 1 else ""
    if difference.unknown:
        told += f"; unknown on {host_ranges(difference.unknown)}"
    return told


def _variants(difference: Difference) -> list[Variant]:
    return [*([difference.common] if difference.common else []), *difference.others]


def _show_group(group: Sequence[Difference], screen: Screen, *, verbose: bool) -> None:
    variants = _variants(group[0])
    is_narrow = screen.console.is_terminal and screen.console.width < _NARROW
    if len(variants) > _MOST_COLUMNS or is_narrow:
        _show_list(group, screen, verbose=verbose)
        return
    columns = [Column("key", folds=True)]
    columns += [Column(_column(one), folds=True) for one in variants]
    rows = [
        [screen.text(one.key), *(screen.text(_shown(v.value)) for v in _variants(one))]
        for one in group
    ]
    screen.table(columns, rows)


def _show_list(group: Sequence[Difference], screen: Screen, *, verbose: bool) -> None:
    for difference in group:
        screen.indented(screen.text(difference.key, "bold"), depth=2)
        variants = _variants(difference)
        shown = variants if verbose else variants[:_MOST_VALUES]
        for variant in shown:
            told = f"{_column(variant)}: {_shown(variant.value)}"
            screen.indented(screen.text(told), depth=3)
        if len(shown) < len(variants):
            left = len(variants) - len(shown)
            screen.indented(screen.text(f"and {left} more values; -v shows all", "dim"), depth=3)


def _column(variant: Variant) -> str:
    names = host_ranges(variant.hosts)
    return names if len(names) <= _LONGEST_HEAD else f"{len(variant.hosts)} hosts"


def _shown(value: str | None) -> str:
    return _NOT_THERE if value is None else value


def _show_unread(report: FleetReport, screen: Screen) -> None:
    hosts: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for entry in report.unread:
        hosts[entry.section, entry.key, entry.why].append(entry.host)
    for (section, key, why), names in hosts.items():
        what = f"{section}: {key}" if key else f"{section}: nothing of it"
        head = f"{host_ranges(names)}: {what} is unknown"
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
