"""The exit code of a report: the worst that happened, in a fixed order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deeprig.errors import ExitCode
from deeprig.report.model import RunReport, VerifyReport

if TYPE_CHECKING:  # it would have every apply load all rules of the audit
    from deeprig.audit.inspection import InspectReport


def of_run(report: RunReport, *, detailed_exitcode: bool = False) -> ExitCode:
    """Return the code of the worst that happened.

    In this order: interrupted (130), failed (1), refused (2), unreachable (3), changes pending (4)
    where that is asked for, good (0).
    """
    statuses = {run.status for run in report.hosts}
    if "interrupted" in statuses:
        return ExitCode.INTERRUPTED
    if "failed" in statuses:
        return ExitCode.FAILED
    if "refused" in statuses:
        return ExitCode.BAD_USAGE
    if "unreachable" in statuses:
        return ExitCode.UNREACHABLE
    pending = report.command == "plan" and any(run.change_count for run in report.hosts)
    return ExitCode.CHANGES_PENDING if pending and detailed_exitcode else ExitCode.GOOD


def of_verification(report: VerifyReport) -> ExitCode:
    """Return failed (1), unreachable (3) or good (0). A report without hosts proves nothing."""
    statuses = {host.status for host in report.hosts}
    if "failed" in statuses or not report.hosts:
        return ExitCode.FAILED
    return ExitCode.UNREACHABLE if "unreachable" in statuses else ExitCode.GOOD


def of_inspection(report: InspectReport) -> ExitCode:
    """Return failed (1), unreachable (3) or good (0): every host graded, and no rule fails."""
    statuses = {host.status for host in report.hosts}
    has_failed_rules = any(host.failed_rules for host in report.hosts)
    if has_failed_rules or statuses & {"failed", "interrupted"} or not report.hosts:
        return ExitCode.FAILED
    return ExitCode.UNREACHABLE if "unreachable" in statuses else ExitCode.GOOD
