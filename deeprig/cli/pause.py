"""``deeprig pause``: let the wave under way end, and begin no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from deeprig.cli.options import inventory_option

if TYPE_CHECKING:
    from deeprig.inventory.sources.source import Where


@click.command()
@click.argument("rollout", required=False)
@inventory_option
def pause(rollout: str | None, inventory: Where) -> None:
    """Let the wave under way end, and begin no other until `deeprig resume`.

    Works from any terminal that has the lab directory. The controller waits where it was started.
    """
    from deeprig.errors import UsageProblem
    from deeprig.inventory.sources.source import directory_of
    from deeprig.waves.start import is_led
    from deeprig.waves.store import RolloutStore

    store = RolloutStore(directory_of(inventory))
    chosen = store.chosen(rollout, ("running", "paused"), "pause")
    if is_led(chosen) is False:
        raise UsageProblem(
            f"nobody leads the rollout {chosen.id} now: {chosen.status}",
            remedy="'deeprig resume' goes on with it, 'deeprig abort' ends it",
        )
    store.ask(chosen, "pause")
    click.echo(f"The rollout {chosen.id} pauses after the wave under way.")
