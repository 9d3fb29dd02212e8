"""Which sections were compared at all: that nothing differs in nothing proves nothing."""

from __future__ import annotations

from collections.abc import Sequence

from deeprig.fleet.compare import is_ignored
from deeprig.fleet.model import FleetReport


def compared_sections(report: FleetReport) -> tuple[str, ...]:
    """Return the sections that at least two hosts told, also where they have nothing in them."""
    skipped = {(entry.section, entry.host) for entry in report.skipped}
    return tuple(
        section
        for section in report.sections
        if not is_left_out(section, report.ignored)
        and sum((section, host) not in skipped for host in report.read_hosts) > 1
    )


def is_left_out(section: str, ignored: Sequence[str]) -> bool:
    """Say whether a section is ignored as a whole, as by ``SECTION`` and ``SECTION:*``."""
    return is_ignored(section, "", ignored)
