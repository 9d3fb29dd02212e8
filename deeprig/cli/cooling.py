"""``deeprig cooling``: what the cooling of a host is, and was."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deeprig.cli.options import DEFAULT_INVENTORY, inventory_option

if TYPE_CHECKING:
    from deeprig.cooling.declared import DeclaredCurve
    from deeprig.cooling.picture import Recorded
    from deeprig.cooling.show import Shown
    from deeprig.inventory.load import Lab
    from deeprig.inventory.model import DeclaredHost
    from deeprig.inventory.sources.source import Where
    from deeprig.role import RoleSettings

_MOST_HOURS = 24 * 30


@click.group()
def cooling() -> None:
    """Look at the cooling of a host. `deeprig apply` sets it up (role cooling)."""


class _Hours(click.FloatRange):
    """A number of hours; ``nan`` is none, though it is within every range."""

    name = "hours"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the hours."""
        hours: float = super().convert(value, param, ctx)
        if hours != hours:
            self.fail(f"{value!r} is no number of hours.", param, ctx)
        return hours


@cooling.command()
@inventory_option
@click.option("--host", "name", metavar="HOST", help="Which host; needed where there are several.")
@click.option(
    "--hours",
    type=_Hours(min=0.1, max=_MOST_HOURS),
    default=6.0,
    show_default=True,
    help="How far back the history is shown.",
)
@click.option(
    "--history",
    type=click.Path(path_type=Path),
    help="Read this history file (history.csv of a host) and contact nobody.",
)
@click.option("--svg", type=click.Path(path_type=Path), help="Write the picture to this file too.")
def curve(
    inventory: Where, name: str | None, hours: float, history: Path | None, svg: Path | None
) -> None:
    """Draw the declared fan curve, and temperatures and fan speeds of the last hours."""
    from deeprig.engine.embedding import patch_standard_library

    patch_standard_library()
    from deeprig.cooling.declared import declared_curves
    from deeprig.cooling.show import Shown
    from deeprig.report import output

    if svg is not None:
        output.require_writable(svg)
    lab, host = _declared(inventory, name, needs_host=history is None)
    curves: tuple[DeclaredCurve, ...] = ()
    if host is not None:
        curves = declared_curves(_settings_of(host))
    recorded = _recorded(lab, host, history, hours)
    title = host.name if host is not None else str(history)
    _draw(Shown(title, curves, recorded), svg)


def _declared(
    inventory: Where, name: str | None, *, needs_host: bool
) -> tuple[Lab | None, DeclaredHost | None]:
    """Return the lab and its host. Without both where a file is drawn and nobody named either."""
    from deeprig.cli.inventory_option import open_lab
    from deeprig.errors import UsageProblem

    is_named = name is not None or inventory != DEFAULT_INVENTORY
    if not needs_host and not is_named and not DEFAULT_INVENTORY.exists():
        return None, None
    lab = open_lab(inventory)
    names = [host.name for host in lab.hosts]
    if name is None and len(names) != 1:
        if not needs_host:
            return lab, None
        raise UsageProblem(
            f"{inventory} has {len(names)} hosts: say which one",
            place="--host",
            remedy=f"its hosts: {', '.join(names[:10])}{' ...' if len(names) > 10 else ''}",
        )
    if name is not None and name not in names:
        raise UsageProblem(
            f"{inventory} names no host {name!r}",
            place="--host",
            remedy=f"its hosts: {', '.join(names[:10])}{' ...' if len(names) > 10 else ''}",
        )
    return lab, lab.host(name or names[0])


def _settings_of(host: DeclaredHost) -> RoleSettings:
    from deeprig.errors import UsageProblem

    settings = host.role_settings.get("cooling")
    if settings is None:
        raise UsageProblem(
            f"{host.name} does not have the role cooling",
            place="--host",
            remedy="add it to the host's roles",
        )
    return settings


def _recorded(
    lab: Lab | None, host: DeclaredHost | None, history: Path | None, hours: float
) -> Recorded:
    from deeprig.cooling.fetch import fetch_recorded
    from deeprig.cooling.offline import read_recorded

    if history is not None:
        return read_recorded(history, hours)
    if lab is None or host is None:
        raise RuntimeError("without a file there is a host")
    return fetch_recorded(host, lab.directory, hours)


def _draw(shown: Shown, svg: Path | None) -> None:
    from deeprig.cli.closing import output_that_may_be_full
    from deeprig.cli.terminal import output_console, shown_path
    from deeprig.cooling.show import svg_text, text_lines
    from deeprig.report import output

    console = output_console()
    width = console.width if console.is_terminal else 80
    with output_that_may_be_full():
        for line in text_lines(shown, width, console.encoding):
            console.print(line)
    if svg is not None:
        output.write(svg, svg_text(shown))
        click.echo(f"Picture: {shown_path(svg)}", err=True)
