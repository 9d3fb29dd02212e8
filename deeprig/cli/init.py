"""``deeprig init``: write a starter lab directory."""

from __future__ import annotations

from pathlib import Path

import click

from deeprig.cli.options import json_option


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="[USER@]ADDRESS[:PORT]",
    help="A machine to put into the inventory. Repeatable.",
)
@json_option
def init(directory: Path, hosts: tuple[str, ...], as_json: bool) -> None:
    """Write a starter inventory into DIRECTORY (default: here); nothing is overwritten.

    Then edit inventory/group_data/all.py, and run `deeprig plan`.
    """
    import json

    from deeprig.starter import write_starter

    written = write_starter(directory, hosts)
    if as_json:
        click.echo(json.dumps({"schema": "deeprig.init/1", "files": [str(p) for p in written]}))
        return
    for path in written:
        click.echo(f"wrote {path}")
    into = "" if directory == Path() else f"cd {directory}; "
    click.echo(f"Next: edit inventory/group_data/all.py, then: {into}deeprig plan")
