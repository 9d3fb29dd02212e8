"""Differences of the same hosts together: what a reader sees as one finding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from deeprig.fleet.model import Difference, FleetReport, Variant
from deeprig.report.host_ranges import host_ranges

#: More values of one key than these say nothing side by side: every host has its own.
MOST_VALUES = 6
_LONGEST_HEAD = 24
_NOT_THERE = "-"


@dataclass(frozen=True, slots=True)
class Group:
    """Differences in which the same hosts have the same as each other."""

    differences: tuple[Difference, ...]

    @property
    def count(self) -> int:
        """Return in how many keys they differ."""
        return len(self.differences)

    @property
    def head(self) -> str:
        """Return who differs from whom."""
        return _head(self.differences[0])

    @property
    def columns(self) -> tuple[str, ...]:
        """Return a heading for each value: hosts, or how many."""
        return tuple(column(one) for one in variants_of(self.differences[0]))


def groups_in(report: FleetReport, section: str) -> list[Group]:
    """Return the differences of a section, those of the same hosts together."""
    groups: dict[tuple[tuple[str, ...], ...], list[Difference]] = defaultdict(list)
    for difference in report.differences:
        if difference.section == section:
            groups[_partition(difference)].append(difference)
    return [Group(tuple(found)) for found in groups.values()]


def variants_of(difference: Difference) -> list[Variant]:
    """Return the values there are, the common one first."""
    return [*([difference.common] if difference.common else []), *difference.others]


def column(variant: Variant) -> str:
    """Return who has a value, or how many where the names would be too long."""
    names = host_ranges(variant.hosts)
    return names if len(names) <= _LONGEST_HEAD else f"{len(variant.hosts)} hosts"


def shown(value: str | None) -> str:
    """Return a value as it is shown; what is not there has a sign."""
    return _NOT_THERE if value is None else value


def unread_together(report: FleetReport) -> list[tuple[str, str]]:
    """Return what is unknown, with its hosts, and why."""
    hosts: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for entry in report.unread:
        hosts[entry.section, entry.key, entry.why].append(entry.host)
    found = []
    for (section, key, why), names in hosts.items():
        what = f"{section}: {key}" if key else f"{section}: nothing of it"
        found.append((f"{host_ranges(names)}: {what} is unknown", why))
    return found


def _partition(difference: Difference) -> tuple[tuple[str, ...], ...]:
    """Return who has the same as whom."""
    common = difference.common.hosts if difference.common else ()
    return (common, *(one.hosts for one in difference.others), difference.unknown)


def _head(difference: Difference) -> str:
    odd = " / ".join(host_ranges(one.hosts) for one in difference.others)
    variants = variants_of(difference)
    if len(variants) > MOST_VALUES:
        hosts = sum(len(one.hosts) for one in variants)
        told = f"{hosts} hosts in {len(variants)} ways"
    elif difference.common is None:
        told = f"no majority: {odd}"
    else:
        common: Sequence[str] = difference.common.hosts
        told = f"{odd} unlike {host_ranges(common)}"
        told += f" ({len(common)} hosts)" if len(common) > 1 else ""
    if difference.unknown:
        told += f"; unknown on {host_ranges(difference.unknown)}"
    return told
