"""``deeprig apply``: bring hosts to the declared state."""

from __future__ import annotations

from typing import Any

import click

from deeprig.cli.options import reboot_option, run_options
from deeprig.cli.wave_options import take_wave_options, wave_options


@click.command(name="apply")
@run_options
@reboot_option
@wave_options
@click.option(
    "--recheck/--no-recheck",
    default=True,
    help="Evaluate only hosts on which something changed since the last run.",
    show_default=True,
)
@click.option(
    "--even-if-busy", is_flag=True, help="Change the driver although programs use the GPUs."
)
def apply(even_if_busy: bool, **options: Any) -> None:
    """Bring the hosts to the state the inventory declares.

    A second run changes nothing. A host that fails does not stop the others. Ctrl-C lets the
    operations under way finish; a second Ctrl-C abandons them, and a re-run repairs and completes.
    With --waves it goes over the lab step by step, and stops itself.
    """
    from deeprig.cli.rolling import roll_and_exit
    from deeprig.cli.running import RunRequest, run_and_exit
    from deeprig.update_request import UpdateRequest

    waves = take_wave_options(options)
    request = RunRequest(**options, update=UpdateRequest(even_if_busy=even_if_busy))
    if waves is not None:
        roll_and_exit("apply", request, waves)
    run_and_exit("apply", request)
