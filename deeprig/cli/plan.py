"""``deeprig plan``: what apply would change."""

from __future__ import annotations

from typing import Any

import click

from deeprig.cli.options import run_options


@click.command()
@run_options
@click.option("--detailed-exitcode", is_flag=True, help="Exit 4 when there are changes to be made.")
def plan(**options: Any) -> None:
    """Show what apply would change on each host, with diffs, and change nothing.

    Facts are read from the hosts; no operation is executed. Secrets are masked.
    """
    from deeprig.cli.running import RunRequest, run_and_exit

    run_and_exit("plan", RunRequest(**options))
