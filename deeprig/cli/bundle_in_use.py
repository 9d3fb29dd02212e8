"""``--bundle``: have a run's hosts supplied from a bundle, and say what it lacked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from deeprig.inventory.load import Lab

_SHOWN = 10


@contextmanager
def from_bundle(lab: Lab, path: Path | None, *, as_json: bool) -> Iterator[Lab]:
    """Yield the lab to run with; without a bundle, the lab itself."""
    if path is None:
        yield lab
        return
    from deeprig.bundle.proxy import MOST_NOTED
    from deeprig.bundle.using import in_use
    from deeprig.report.printable import printable

    with in_use(lab, path, lambda text: None if as_json else click.echo(text, err=True)) as used:
        yield used.lab
        lacked, failures = used.lacked, tuple(used.replay.failures)
    for url in lacked[:_SHOWN]:
        click.echo(f"deeprig: {path}: it was asked for, and lacks, {printable(url)}", err=True)
    for failure in failures[:_SHOWN]:
        click.echo(f"deeprig: {printable(failure)}", err=True)
    if len(lacked) > _SHOWN:
        more = f"{len(lacked) - _SHOWN} more" + (" at least" if len(lacked) == MOST_NOTED else "")
        click.echo(f"deeprig: {path}: ... and {more}", err=True)
