"""What ``plan`` and ``apply`` have in common: load, run with progress, store, show, exit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click


@dataclass(frozen=True, slots=True)
class RunRequest:
    """The options of one ``plan`` or ``apply``."""

    inventory: Path
    limit: tuple[str, ...]
    roles: tuple[str, ...]
    skipped: tuple[str, ...]
    parallel: int | None
    ask_sudo_password: bool
    as_json: bool
    verbose: bool
    detailed_exitcode: bool = False


def run_and_exit(mode: Literal["plan", "apply"], request: RunRequest) -> None:
    """Run, store and show the report, and exit with its code."""
    from deeprig.engine.embedding import patch_standard_library

    patch_standard_library()
    from deeprig.cli.progress import progress_for
    from deeprig.cli.terminal import output_console, shown_path
    from deeprig.engine.run import DEFAULT_PARALLEL, run_lab
    from deeprig.inventory.load import load_lab
    from deeprig.report import exit_codes, store, terminal
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
        )
    code = exit_codes.of_run(report, detailed_exitcode=request.detailed_exitcode)
    report = report.with_exit_code(code)
    path = store.save(report, lab.directory)
    if request.as_json:
        click.echo(json.dumps(report.to_json(), indent=2))
    else:
        terminal.render(report, output_console(), verbose=request.verbose)
        click.echo(f"Report: {shown_path(path)} (deeprig report)", err=True)
    raise click.exceptions.Exit(code)
