"""Model sizes on a screen, with the formula and what it leaves out."""

from __future__ import annotations

from itertools import groupby

from rich.text import Text

from deeprig.audit.grade import Audit
from deeprig.audit.model_sizes import ModelSize, in_words
from deeprig.audit.workloads import WORKLOADS
from deeprig.report.screen import Column, Screen, style_of

_COLUMNS = (
    Column("for", folds=True),
    Column("B each", is_number=True),
    Column("parameters", folds=True),
    Column("as large as", folds=True),
)


def show_sizes(audit: Audit, screen: Screen, *, verbose: bool) -> None:
    """Print a table for each kind of GPU and for all together; ``verbose`` adds the sources."""
    for (where, _), sizes in groupby(audit.model_sizes, key=lambda size: (size.where, size.gpus)):
        there = list(sizes)
        screen.line()
        screen.line(screen.text(f"Models that fit on {where}, at most", "bold"))
        if all(size.parameters is None for size in there):
            screen.indented(screen.text(f"unknown: {there[0].formula}", style_of("changed")))
            continue
        screen.table(_COLUMNS, (_row(size, screen) for size in there))
        screen.indented(screen.text(f"{there[0].workload.name}: {there[0].formula}"))
    screen.line()
    _show_bytes(screen, verbose=verbose)
    screen.line(screen.text(audit.model_sizes_not_counted))
    if any(size.is_sharded for size in audit.model_sizes):
        screen.line(screen.text(audit.model_sizes_sharded))


def _row(size: ModelSize, screen: Screen) -> tuple[Text, ...]:
    return (
        screen.text(size.workload.name),
        screen.text(f"{size.workload.bytes_per_parameter:g}"),
        screen.text(in_words(size.parameters or 0)),
        screen.text(size.example or "-"),
    )


def _show_bytes(screen: Screen, *, verbose: bool) -> None:
    screen.line(screen.text("Parameters = GPU memory / B each, the bytes of a parameter:"))
    for workload in WORKLOADS:
        told = f"{workload.name}: {workload.bytes_per_parameter:g} B = {workload.parts}"
        screen.indented(screen.text(f"{told} ({workload.source})" if verbose else told))
