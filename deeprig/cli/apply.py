"""``deeprig apply``: bring hosts to the declared state."""

from __future__ import annotations

from typing import Any

import click

from deeprig.cli.options import run_options


@click.command(name="apply")
@run_options
def apply(**options: Any) -> None:
    """Bring the hosts to the state the inventory declares.

    A second run changes nothing. A host that fails does not stop the others. Ctrl-C lets the
    operations under way finish; a second Ctrl-C abandons them, and a re-run repairs and completes.
    """
    from deeprig.cli.running import RunRequest, run_and_exit

    run_and_exit("apply", RunRequest(**options))
