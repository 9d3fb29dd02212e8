"""``deeprig status``: how far a rollout is, also one whose controller was killed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from deeprig.cli.options import inventory_option, json_option

if TYPE_CHECKING:
    from deeprig.inventory.sources.source import Where


@click.command()
@click.argument("rollout", required=False)
@inventory_option
@click.option("--all", "is_all", is_flag=True, help="List every rollout that the lab keeps.")
@json_option
def status(rollout: str | None, inventory: Where, is_all: bool, as_json: bool) -> None:
    """Show ROLLOUT, or the newest, of `apply --waves` and `update --waves`.

    Its exit code says only whether there is one: 2 without any.
    """
    import json

    from deeprig.cli.terminal import output_console
    from deeprig.inventory.sources.source import directory_of
    from deeprig.report.screen import Screen
    from deeprig.waves.show import show_all, show_rollout
    from deeprig.waves.start import is_led
    from deeprig.waves.status_document import status_document
    from deeprig.waves.store import RolloutStore

    store = RolloutStore(directory_of(inventory))
    screen = Screen(output_console())
    if is_all:
        found = store.all()
        if as_json:
            documents = [status_document(store, one) for one in found]
            listed = {"schema": "deeprig.rollouts/1", "rollouts": documents}
            click.echo(json.dumps(listed, indent=2))
        else:
            show_all(found, screen)
        return
    shown = store.load(rollout) if rollout else store.newest()
    if as_json:
        click.echo(json.dumps(status_document(store, shown), indent=2))
    else:
        show_rollout(shown, screen, is_led=is_led(shown), asked=store.asked(shown))
