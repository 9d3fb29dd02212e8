"""``deeprig inspect``: what hardware a machine has, and what it is good for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from click.core import ParameterSource

from deeprig.cli.options import (
    inventory_option,
    json_option,
    limit_option,
    parallel_option,
    sudo_option,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Options that speak of hosts, which recorded files have none of.
_OF_HOSTS = {
    "inventory": "--inventory",
    "limit": "--limit",
    "parallel": "--parallel",
    "ask_sudo_password": "--ask-sudo-password",
}


@click.command()
@inventory_option
@limit_option
@click.option(
    "--facts",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Grade recorded facts (what --json printed) instead of asking hosts. Repeatable.",
)
@click.option(
    "--declare",
    "declarations",
    multiple=True,
    metavar="KEY=VALUE",
    help="What no software can read, in place of the inventory's: psu_watts=1600. Repeatable.",
)
@parallel_option
@sudo_option
@json_option
@click.option(
    "-v", "--verbose", is_flag=True, help="Show every rule of every host, and the sources."
)
@click.pass_context
def inspect(
    context: click.Context,
    /,
    files: tuple[Path, ...],
    declarations: tuple[str, ...],
    as_json: bool,
    verbose: bool,
    **of_hosts: Any,
) -> None:
    """Tell what hardware each host has, grade it against published rules, and say what fits.

    Changes nothing and leaves nothing on the host, which needs only Python; works before any
    driver. Exit 1 when a rule fails for the use that the inventory declares (hardware.use).
    """
    if files:
        _refuse_host_options(context)
        _inspect_files(files, _changes(declarations), as_json=as_json, verbose=verbose)
    _inspect_hosts(_changes(declarations), of_hosts, as_json=as_json, verbose=verbose)


def _inspect_files(
    files: tuple[Path, ...], changes: Mapping[str, Any], *, as_json: bool, verbose: bool
) -> NoReturn:
    from deeprig.audit.capability import capability_table
    from deeprig.audit.recorded import inspect_files
    from deeprig.cli.closing import close_and_exit, show_report
    from deeprig.content import Content, builtin_root
    from deeprig.report import exit_codes

    table = capability_table(Content((builtin_root(),)))
    report = inspect_files(files, changes, table)
    code = exit_codes.of_inspection(report)
    report = report.with_exit_code(code)
    close_and_exit(code, lambda: show_report(report, as_json=as_json, verbose=verbose))


def _inspect_hosts(
    changes: Mapping[str, Any], of_hosts: Mapping[str, Any], *, as_json: bool, verbose: bool
) -> NoReturn:
    from deeprig.engine.embedding import patch_standard_library

    patch_standard_library()
    from deeprig.audit.inspect_lab import DEFAULT_PARALLEL, inspect_lab
    from deeprig.cli.closing import close_and_exit, show_report, store_report
    from deeprig.cli.hosts_progress import hosts_progress_for
    from deeprig.cli.inspect_progress import MANNER
    from deeprig.cli.inventory_option import open_lab
    from deeprig.errors import ExitCode
    from deeprig.report import exit_codes
    from deeprig.selection import Selection

    lab = open_lab(of_hosts["inventory"])
    asks = of_hosts["ask_sudo_password"]
    password = click.prompt("sudo password", hide_input=True, err=True) if asks else None
    with hosts_progress_for(MANNER, as_json=as_json) as progress:
        report, was_interrupted = inspect_lab(
            lab,
            Selection(of_hosts["limit"]),
            progress,
            changes=changes,
            parallel=of_hosts["parallel"] or DEFAULT_PARALLEL,
            sudo_password=password,
        )
    code = ExitCode.INTERRUPTED if was_interrupted else exit_codes.of_inspection(report)
    report = report.with_exit_code(code)
    told = None if as_json else "deeprig report"
    close_and_exit(
        code,
        lambda: show_report(report, as_json=as_json, verbose=verbose),
        lambda: store_report(report, lab.directory, told=told),
    )


def _refuse_host_options(context: click.Context) -> None:
    """Raise UsageProblem for an option that was given and that recorded files cannot follow."""
    from deeprig.errors import UsageProblem

    for name, option in _OF_HOSTS.items():
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise UsageProblem(
                f"--facts and {option} exclude each other: no host is asked",
                remedy="leave one of them out; --declare says what the inventory would",
            )


def _changes(declarations: tuple[str, ...]) -> dict[str, str]:
    """Return what was declared on the command line. Raise UsageProblem for what cannot be."""
    from pydantic import ValidationError

    from deeprig.audit.declaration import HardwareDeclaration
    from deeprig.errors import UsageProblem
    from deeprig.inventory.read import did_you_mean

    changes: dict[str, str] = {}
    for declaration in declarations:
        key, is_given, value = declaration.partition("=")
        is_known = key in HardwareDeclaration.model_fields
        if not (is_known and is_given):
            known = tuple(HardwareDeclaration.model_fields)
            raise UsageProblem(
                f"{declaration!r} declares nothing that is known; it is KEY=VALUE",
                place="--declare",
                remedy=f"write {key}=VALUE" if is_known else did_you_mean(key, known),
            )
        changes[key] = value
    try:
        HardwareDeclaration.model_validate(changes)
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{first['loc'][0]}={first['input']}: {first['msg']}"
        raise UsageProblem(reason, place="--declare") from error
    return changes
