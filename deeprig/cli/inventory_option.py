"""``-i``: an inventory file or a source, and telling what of a source was not taken over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from deeprig.inventory.load import Lab
    from deeprig.inventory.sources.source import Where


class InventoryType(click.Path):
    """A path, or ``ansible:PATH``, ``netbox:https://...`` and their like."""

    name = "inventory"

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a path or a source. Raise UsageProblem for a prefix that is none."""
        from deeprig.inventory.sources.source import Source, parse_where

        if isinstance(value, Path | Source):
            return value
        where = parse_where(str(value))
        return super().convert(str(value), param, ctx) if isinstance(where, Path) else where


def open_lab(where: Where, *, verbose: bool = False) -> Lab:
    """Return the validated lab of ``-i``, having told on standard error what was left out of it.

    Call patch_standard_library() first. ``verbose`` tells what was ignored on purpose too.
    """
    from deeprig.inventory.load import load_lab

    lab = load_lab(where)
    for note in lab.notes:
        if verbose or not note.is_detail:
            click.echo(f"deeprig: {note}", err=True)
    return lab
