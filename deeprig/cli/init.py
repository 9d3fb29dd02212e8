"""``deeprig init``: write a starter lab directory."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deeprig.cli.inventory_option import InventoryType, open_lab
from deeprig.cli.options import json_option

if TYPE_CHECKING:
    from deeprig.inventory.sources.own_form import OwnForm
    from deeprig.inventory.sources.source import Where


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="[USER@]ADDRESS[:PORT]",
    help="A machine to put into the inventory. Repeatable.",
)
@click.option(
    "--from",
    "source",
    type=InventoryType(),
    metavar="INVENTORY",
    help="Take hosts and settings from here: ansible:, ssh:, ssh-config:, csv:, netbox:, "
    "terraform:PLACE. Secrets are not copied.",
)
@click.option("--overwrite", is_flag=True, help="With --from: overwrite files without asking.")
@json_option
def init(
    directory: Path,
    hosts: tuple[str, ...],
    source: Where | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Write a starter inventory into DIRECTORY (default: here).

    Nothing is overwritten; --from asks before it does. Then edit inventory/group_data/all.py, and
    run `deeprig plan`.
    """
    import json

    from deeprig.errors import UsageProblem
    from deeprig.starter import write_starter

    if source is not None and hosts:
        raise UsageProblem("--from and --host exclude each other", remedy="give one of them")
    if source is None and overwrite:
        raise UsageProblem("--overwrite is of --from", remedy="leave it out")
    variables: tuple[str, ...] = ()
    if source is None:
        written = write_starter(directory, hosts)
    else:
        form = _form_of(source)
        written = _write(form, directory, overwrite=overwrite, may_ask=not as_json)
        variables = form.variables
        _tell_missing(form)
    if as_json:
        document = {
            "schema": "deeprig.init/1",
            "files": [str(p) for p in written],
            "environment": list(variables),
        }
        click.echo(json.dumps(document))
        return
    for path in written:
        click.echo(f"wrote {path}")
    into = "" if directory == Path() else f"cd {directory}; "
    click.echo(f"Next: edit inventory/group_data/all.py, then: {into}deeprig plan")


def _form_of(source: Where) -> OwnForm:
    from deeprig.engine.embedding import patch_standard_library

    patch_standard_library()
    from deeprig.inventory.sources.own_form import own_form

    return own_form(open_lab(source))


def _write(form: OwnForm, directory: Path, *, overwrite: bool, may_ask: bool) -> tuple[Path, ...]:
    from deeprig.errors import UsageProblem
    from deeprig.inventory.sources.own_form import files_to_write
    from deeprig.starter import write_file, write_gitignore

    files = files_to_write(form, directory)
    there = [path for path, text in files.items() if path.exists() and path.read_text() != text]
    if there and not overwrite:
        named = ", ".join(map(str, there))
        if not (may_ask and _is_person()):
            raise UsageProblem(
                "there already; nothing was written",
                place=named,
                remedy="add --overwrite, or name another directory: deeprig init DIRECTORY",
            )
        click.confirm(f"Overwrite {named}?", abort=True, err=True)
    written = tuple(write_file(path, text) for path, text in files.items())
    return (*written, *write_gitignore(directory))


def _is_person() -> bool:
    """Say whether somebody is there to answer."""
    return sys.stdin.isatty()


def _tell_missing(form: OwnForm) -> None:
    """Tell which secrets the person must give, since none was copied."""
    if form.variables:
        click.echo(
            f"deeprig: secrets were not copied; set in the environment, or say where they are: "
            f"{', '.join(form.variables)}",
            err=True,
        )
    for setting in form.masked:
        click.echo(f"deeprig: {setting}: a password in it was masked; put it back", err=True)
