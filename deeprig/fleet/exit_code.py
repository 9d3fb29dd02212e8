"""The exit code of a comparison: the worst that happened, in a fixed order."""

from __future__ import annotations

from deeprig.errors import ExitCode
from deeprig.fleet.coverage import compared_sections
from deeprig.fleet.model import FleetReport


def exit_code_of(report: FleetReport) -> ExitCode:
    """Return failed (1), unreachable (3), differences (4) or good (0).

    What could not be read is never equal, so it is a failure, whatever else was found. So is a
    comparison of nothing.
    """
    statuses = {host.status for host in report.hosts}
    if statuses & {"failed", "interrupted"} or report.unread:
        return ExitCode.FAILED
    if "unreachable" in statuses:
        return ExitCode.UNREACHABLE
    if not compared_sections(report):
        return ExitCode.FAILED
    return ExitCode.CHANGES_PENDING if report.differences else ExitCode.GOOD
