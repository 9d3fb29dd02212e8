"""``deeprig pull``: a host applies itself, from a git repository."""

from __future__ import annotations

from pathlib import Path

import click

from deeprig.cli.options import json_option, verbose_option


@click.command()
@click.argument("repository")
@click.option("--branch", default="main", show_default=True, help="Branch that is applied.")
@click.option(
    "--host", metavar="NAME", help="Which host of the inventory this is.  [default: its own name]"
)
@click.option(
    "-i",
    "--inventory",
    type=click.Path(path_type=Path),
    default=Path("inventory/lab.py"),
    show_default=True,
    help="Inventory file in the repository.",
)
@click.option(
    "--directory",
    type=click.Path(path_type=Path),
    default=Path("/var/lib/deeprig/pull"),
    show_default=True,
    help="Where the repository, the reports and the status are kept.",
)
@click.option(
    "--allowed-signers",
    "signers",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Apply only commits signed by one of these keys (ssh-keygen(1), ALLOWED SIGNERS).",
)
@click.option("--plan", "is_plan", is_flag=True, help="Show what would change, change nothing.")
@json_option
@verbose_option
def pull(
    repository: str,
    branch: str,
    host: str | None,
    inventory: Path,
    directory: Path,
    signers: Path | None,
    is_plan: bool,
    as_json: bool,
    verbose: bool,
) -> None:
    """Fetch the lab from the git repository REPOSITORY, and apply it to this machine.

    A commit is applied only when it follows the last one, and is signed by an allowed signer or
    comes over https or ssh. Of the inventory only this host's data is read, so only its secrets
    need be here. Run it by a timer: docs/scale.md.
    """
    from deeprig.engine.embedding import patch_standard_library

    patch_standard_library()
    from deeprig.cli.closing import close_and_exit, show_report
    from deeprig.cli.progress import progress_for
    from deeprig.errors import ExitCode
    from deeprig.fleet.pull.repository import Origin
    from deeprig.fleet.pull.run import Pull, pull_and_apply

    asked = Pull(
        Origin(repository, branch, signers),
        host,
        inventory,
        directory,
        "plan" if is_plan else "apply",
    )
    with progress_for(asked.mode, as_json=as_json, verbose=verbose) as progress:
        report = pull_and_apply(asked, progress)
    code = ExitCode(report.exit_code)
    close_and_exit(code, lambda: show_report(report, as_json=as_json, verbose=verbose))
