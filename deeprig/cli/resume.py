"""``deeprig resume``: go on with a rollout that is paused, was cut off, or waits for its window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from deeprig.cli.options import (
    inventory_option,
    json_option,
    parallel_option,
    sudo_option,
    verbose_option,
)

if TYPE_CHECKING:
    from deeprig.inventory.sources.source import Where


@click.command()
@click.argument("rollout", required=False)
@inventory_option
@parallel_option
@sudo_option
@json_option
@verbose_option
def resume(
    rollout: str | None,
    inventory: Where,
    parallel: int | None,
    ask_sudo_password: bool,
    as_json: bool,
    verbose: bool,
) -> None:
    """Go on with ROLLOUT, or the lab's only one that is not done.

    One that is paused goes on where it was started. One whose controller was killed or interrupted,
    that waits for its window, or that left unreachable hosts for later, goes on here.
    """
    from deeprig.cli.rolling import Manner, resume_and_exit

    manner = Manner(parallel, ask_sudo_password, as_json, verbose)
    resume_and_exit(inventory, rollout, manner)
