"""``deeprig diff-fleet``: where hosts differ from each other."""

from __future__ import annotations

from pathlib import Path

import click

from deeprig.cli.options import (
    inventory_option,
    json_option,
    limit_option,
    parallel_option,
    sudo_option,
)
from deeprig.fleet.sections import SECTIONS


@click.command(name="diff-fleet")
@inventory_option
@limit_option
@click.option(
    "--only",
    "sections",
    multiple=True,
    type=click.Choice(list(SECTIONS)),
    help="Only this section. Repeatable.",
)
@click.option("--against", metavar="HOST", help="Compare with this host, not with what most have.")
@click.option(
    "--ignore",
    "ignored",
    multiple=True,
    metavar="SECTION[:KEY]",
    help="Leave this out; patterns such as 'packages:linux-*' work. Repeatable.",
)
@parallel_option
@sudo_option
@json_option
@click.option("--junit", type=click.Path(path_type=Path), help="Write JUnit XML to this file too.")
@click.option("-v", "--verbose", is_flag=True, help="Show every difference of a group.")
def diff_fleet(
    inventory: Path,
    limit: tuple[str, ...],
    sections: tuple[str, ...],
    against: str | None,
    ignored: tuple[str, ...],
    parallel: int | None,
    ask_sudo_password: bool,
    as_json: bool,
    junit: Path | None,
    verbose: bool,
) -> None:
    """Show where hosts that are to be alike differ: packages, kernels, files, units and more.

    Each host is asked once, nothing is changed and nothing is left there; of files that others may
    not read not even a digest leaves a host. Exit 0: no difference, 4: differences, 1: something
    could not be read, which is never equal, 3: a host was unreachable.
    """
    from deeprig.engine.embedding import patch_standard_library

    patch_standard_library()
    from deeprig.cli.closing import close_and_exit, show_report, store_report
    from deeprig.cli.fleet_progress import MANNER
    from deeprig.cli.hosts_progress import hosts_progress_for
    from deeprig.errors import ExitCode
    from deeprig.fleet.diff_lab import DEFAULT_PARALLEL, Wanted, diff_lab
    from deeprig.fleet.exit_code import exit_code_of
    from deeprig.fleet.junit import to_xml
    from deeprig.inventory.load import load_lab
    from deeprig.report import output
    from deeprig.selection import Selection

    if junit is not None:
        output.require_writable(junit)
    lab = load_lab(inventory)
    password = (
        click.prompt("sudo password", hide_input=True, err=True) if ask_sudo_password else None
    )
    with hosts_progress_for(MANNER, as_json=as_json) as progress:
        report, was_interrupted = diff_lab(
            lab,
            Selection(limit),
            Wanted(sections, against, ignored),
            progress,
            parallel=parallel or DEFAULT_PARALLEL,
            sudo_password=password,
        )
    code = ExitCode.INTERRUPTED if was_interrupted else exit_code_of(report)
    report = report.with_exit_code(code)
    steps = [
        lambda: show_report(report, as_json=as_json, verbose=verbose),
        lambda: store_report(report, lab.directory, told=None if as_json else "deeprig report"),
    ]
    if junit is not None:
        steps.append(lambda: output.write(junit, to_xml(report)))
    close_and_exit(code, *steps)
