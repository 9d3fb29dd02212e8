"""``deeprig abort``: end a rollout; what is under way ends in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from deeprig.cli.options import inventory_option

if TYPE_CHECKING:
    from deeprig.inventory.sources.source import Where


@click.command()
@click.argument("rollout", required=False)
@inventory_option
@click.option(
    "--now",
    "is_now",
    is_flag=True,
    help="Do not wait for the wave: only for the operations under way, as after Ctrl-C.",
)
def abort(rollout: str | None, inventory: Where, is_now: bool) -> None:
    """End ROLLOUT, or the lab's only one that is not done, after the wave under way.

    Hosts that were changed stay as they are. One that nobody leads ends at once; hosts that were
    under change then count as failed.
    """
    import os
    import signal

    from deeprig.cli.terminal import output_console
    from deeprig.errors import UsageProblem
    from deeprig.inventory.sources.source import directory_of
    from deeprig.report.screen import Screen
    from deeprig.waves.controller import is_alive
    from deeprig.waves.lead import stamp, utc_now
    from deeprig.waves.model import RESUMABLE
    from deeprig.waves.show import show_rollout
    from deeprig.waves.start import aborted, is_led
    from deeprig.waves.store import RolloutStore

    store = RolloutStore(directory_of(inventory))
    chosen = store.chosen(rollout, RESUMABLE, "abort")
    if chosen.status not in RESUMABLE:
        raise UsageProblem(f"the rollout {chosen.id} has ended: {chosen.status}")
    if is_led(chosen) is False:
        with store.leading(chosen):
            ended = aborted(store.load(chosen.id), stamp(utc_now()))
            store.save(ended)
        show_rollout(ended, Screen(output_console()), is_led=False)
        return
    store.ask(chosen, "abort")
    by = chosen.controller
    if is_now and by is not None and is_alive(by):
        os.kill(by.pid, signal.SIGINT)
    when = "as soon as the operations under way have" if is_now else "after the wave under way has"
    click.echo(f"The rollout {chosen.id} ends {when} ended.")
