"""``deeprig lock``: solve once, install everywhere the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deeprig.cli.options import inventory_option, json_option

if TYPE_CHECKING:
    from deeprig.inventory.sources.source import Where


@click.command()
@click.argument("environment")
@inventory_option
@click.option("--host", "host_name", help="Solve on this host; default: the inventory's first.")
@click.option(
    "--cuda",
    metavar="VERSION|cpu",
    help="Solve for this hardware class; default: as the environment declares.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File name without suffix; default: locks/ENVIRONMENT-CLASS in the lab directory.",
)
@json_option
def lock(
    environment: str,
    inventory: Where,
    host_name: str | None,
    cuda: str | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Solve ENVIRONMENT once on a host and write an explicit, checksummed lock.

    Name it in the inventory (lock = "locks/...") and `apply` installs it without solving.
    """
    import json

    from deeprig.engine.embedding import patch_standard_library

    patch_standard_library()
    from deeprig.cli.inventory_option import open_lab
    from deeprig.locks import lock_environment

    lab = open_lab(inventory)
    written, hardware_class = lock_environment(lab, environment, host_name, cuda, output)
    if as_json:
        document = {
            "schema": "deeprig.lock/1",
            "environment": environment,
            "hardware_class": hardware_class,
            "files": [str(path) for path in written],
        }
        click.echo(json.dumps(document, indent=2))
        return
    for path in written:
        click.echo(f"wrote {path}")
    stem = str(written[0]).removesuffix(".conda.lock")
    click.echo(f"Name it in the inventory: lock = {stem!r}")
