"""``deeprig apply``: bring hosts to the declared state."""

from __future__ import annotations

from typing import Any

import click

from deeprig.cli.options import reboot_option, run_options


@click.command(name="apply")
@run_options
@reboot_option
@click.option(
    "--even-if-busy", is_flag=True, help="Change the driver although programs use the GPUs."
)
def apply(even_if_busy: bool, **options: Any) -> None:
    """Bring the hosts to the state the inventory declares.

    A second run changes nothing. A host that fails does not stop the others. Ctrl-C lets the
    operations under way finish; a second Ctrl-C abandons them, and a re-run repairs and completes.
    """
    from deeprig.cli.running import RunRequest, run_and_exit
    from deeprig.role import UpdateRequest

    update = UpdateRequest(even_if_busy=even_if_busy)
    run_and_exit("apply", RunRequest(**options, update=update))
