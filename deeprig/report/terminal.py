"""Reports for people: which one is shown how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from deeprig.report.model import RunReport, VerifyReport
from deeprig.report.screen import Screen
from deeprig.report.show_checks import show_verification
from deeprig.report.show_runs import show_apply, show_plan

if TYPE_CHECKING:
    from deeprig.audit.inspection import InspectReport


def render(
    report: RunReport | VerifyReport | InspectReport, console: Console, *, verbose: bool = False
) -> None:
    """Print a report. Text from hosts is shown as it is, never read as markup.

    ``verbose`` adds every operation with all its commands, and what passed with its evidence.
    """
    screen = Screen(console)
    if isinstance(report, VerifyReport):
        show_verification(report, screen, verbose=verbose)
    elif not isinstance(report, RunReport):
        from deeprig.audit.show_report import show_inspection  # no apply needs the audit's rules

        show_inspection(report, screen, verbose=verbose)
    elif report.command == "plan":
        show_plan(report, screen, verbose=verbose)
    else:
        show_apply(report, screen, verbose=verbose)
