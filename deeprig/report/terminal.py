"""Reports for people: which one is shown how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from deeprig.report.model import VerifyReport
from deeprig.report.screen import Screen
from deeprig.report.show_checks import show_verification
from deeprig.report.show_runs import show_apply, show_plan

if TYPE_CHECKING:
    from deeprig.report.store import Report


def render(report: Report, console: Console, *, verbose: bool = False) -> None:
    """Print a report. Text from hosts is shown as it is, never read as markup.

    ``verbose`` adds every operation with all its commands, and what passed with its evidence.
    """
    screen = Screen(console)
    if isinstance(report, VerifyReport):
        show_verification(report, screen, verbose=verbose)
    elif report.command == "diff-fleet":
        from deeprig.fleet.show import show_fleet  # nobody else needs it

        show_fleet(report, screen, verbose=verbose)
    elif report.command == "inspect":
        from deeprig.audit.show_report import show_inspection  # no apply needs the audit's rules

        show_inspection(report, screen, verbose=verbose)
    elif report.command == "plan":
        show_plan(report, screen, verbose=verbose)
    else:
        show_apply(report, screen, verbose=verbose)
