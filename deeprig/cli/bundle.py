"""``deeprig bundle``: everything that hosts without a way out need, in one file; and its check."""

from __future__ import annotations

from pathlib import Path

import click

from deeprig.cli.options import (
    inventory_option,
    json_option,
    limit_option,
    role_options,
    sudo_option,
)


@click.group(invoke_without_command=True)
@inventory_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="A new directory, or a file that ends in .tar or .tar.zst.",
)
@limit_option
@role_options[0]
@role_options[1]
@click.option(
    "--package",
    "packages",
    multiple=True,
    metavar="NAME",
    help="A further apt package, with all that it needs (name or name=version). Repeatable.",
)
@click.option("--upgrades", is_flag=True, help="Also the newest of what hosts have installed.")
@sudo_option
@json_option
@click.pass_context
def bundle(
    context: click.Context,
    inventory: Path,
    output: Path | None,
    limit: tuple[str, ...],
    roles: tuple[str, ...],
    skipped: tuple[str, ...],
    packages: tuple[str, ...],
    upgrades: bool,
    ask_sudo_password: bool,
    as_json: bool,
) -> None:
    """Put everything that the hosts need into one directory or archive, from here, where there is
    a network. `deeprig apply --bundle` then works on hosts that have none.

    The hosts are asked as `deeprig plan` asks them; nothing on them is changed. Run again after an
    interruption: what was fetched is kept.
    """
    if context.invoked_subcommand is not None:
        return
    if output is None:
        raise click.UsageError("name what is to be made: -o FILE.tar, or a directory")
    from deeprig.engine.embedding import patch_standard_library

    patch_standard_library()
    from deeprig.bundle.making import BundleRequest, make_bundle
    from deeprig.cli.bundle_progress import following, show_manifest
    from deeprig.cli.inventory_option import open_lab
    from deeprig.selection import Selection

    lab = open_lab(inventory)
    password = (
        click.prompt("sudo password", hide_input=True, err=True) if ask_sudo_password else None
    )
    selection = Selection(limit, roles, skipped)
    request = BundleRequest(output.absolute(), selection, packages, upgrades, password)
    with following(as_json=as_json) as telling:
        manifest = make_bundle(lab, request, telling)
    show_manifest(manifest, output, as_json=as_json)


@bundle.command(name="check")
@click.argument("path", metavar="BUNDLE", type=click.Path(path_type=Path))
@json_option
def check(path: Path, as_json: bool) -> None:
    """Prove that BUNDLE is whole: no file missing, added, cut or altered. Exit 1 where it is not.

    Printed last is the SHA-256 of its manifest: compare it with that of the machine that made it.
    """
    from deeprig.bundle.checking import problems_of
    from deeprig.bundle.contents import opened
    from deeprig.cli.bundle_progress import show_check
    from deeprig.errors import ExitCode

    with opened(path) as found:
        problems = problems_of(found)
        show_check(found, problems, as_json=as_json)
    if problems:
        raise click.exceptions.Exit(ExitCode.FAILED)
