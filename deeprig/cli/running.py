"""What ``plan``, ``apply`` and ``update`` have in common: load, run, show, store, exit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from deeprig.role import UpdateRequest


@dataclass(frozen=True, slots=True)
class RunRequest:
    """The options of one ``plan``, ``apply`` or ``update``.

    ``reboot`` None leaves it to the inventory; ``update`` None asks for nothing newer.
    """

    inventory: Path
    limit: tuple[str, ...]
    roles: tuple[str, ...]
    skipped: tuple[str, ...]
    parallel: int | None
    ask_sudo_password: bool
    as_json: bool
    verbose: bool
    detailed_exitcode: bool = False
    reboot: bool | None = None
    update: UpdateRequest | None = None


_REBOOT: dict[bool | None, Literal["when-needed", "never"] | None] = {
    None: None,
    True: "when-needed",
    False: "never",
}


def run_and_exit(mode: Literal["plan", "apply", "update"], request: RunRequest) -> None:
    """Run, show and store the report, and exit with its code."""
    from deeprig.engine.embedding import patch_standard_library

    patch_standard_library()
    from deeprig.cli.closing import close_and_exit, show_report, store_report
    from deeprig.cli.progress import progress_for
    from deeprig.engine.run import DEFAULT_PARALLEL, run_lab
    from deeprig.inventory.load import load_lab
    from deeprig.report import exit_codes
    from deeprig.role import NO_UPDATE
    from deeprig.selection import Selection

    lab = load_lab(request.inventory)
    selection = Selection(request.limit, request.roles, request.skipped)
    password = (
        click.prompt("sudo password", hide_input=True, err=True)
        if request.ask_sudo_password
        else None
    )
    with progress_for(mode, as_json=request.as_json, verbose=request.verbose) as progress:
        report = run_lab(
            lab,
            mode,
            selection,
            progress,
            parallel=request.parallel or DEFAULT_PARALLEL,
            sudo_password=password,
            update=request.update or NO_UPDATE,
            reboot=_REBOOT[request.reboot],
        )
    code = exit_codes.of_run(report, detailed_exitcode=request.detailed_exitcode)
    report = report.with_exit_code(code)
    told = None if request.as_json else "deeprig report"
    close_and_exit(
        code,
        lambda: show_report(report, as_json=request.as_json, verbose=request.verbose),
        lambda: store_report(report, lab.directory, told=told),
    )
