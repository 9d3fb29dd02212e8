"""The options with which ``apply`` and ``update`` go over a lab in waves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

import click

from deeprig.waves.amount import checked
from deeprig.waves.overrides import Gate, Overrides

Function = TypeVar("Function", bound=Callable[..., Any])


def _amount(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> int | str | None:
    """Return a number of hosts, or a share of them. Raise BadParameter for anything else."""
    if value is None:
        return None
    try:
        return checked(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _canary(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> int | tuple[str, ...] | None:
    """Return a number of hosts, or their names. Raise BadParameter for no host."""
    if value is None:
        return None
    if not value.isdecimal():
        return tuple(value.split(","))
    if int(value) < 1:
        raise click.BadParameter("a canary needs at least one host")
    return int(value)


_OPTIONS = (
    click.option(
        "--waves", "in_waves", is_flag=True, help="Canary first, then waves that grow (docs/waves)."
    ),
    click.option("--show-waves", is_flag=True, help="Show which hosts each wave has, and stop."),
    click.option("--resume", is_flag=True, help="Go on with the lab's rollout that is not done."),
    click.option(
        "--canary", callback=_canary, metavar="N|HOST,...", help="Hosts of the first wave."
    ),
    click.option(
        "--wave-size", callback=_amount, metavar="N|N%", help="Hosts of each wave after the canary."
    ),
    click.option(
        "--max-unavailable", callback=_amount, metavar="N|N%", help="Hosts out at once, at most."
    ),
    click.option(
        "--max-fail", callback=_amount, metavar="N|N%", help="Hosts that may fail in all."
    ),
    click.option(
        "--gate",
        type=click.Choice(get_args(Gate)),
        help="Profile of verify that every host of a wave must pass.",
    ),
    click.option(
        "--no-rollback", is_flag=True, help="Leave a wave that fails as it is: nothing is put back."
    ),
)


@dataclass(frozen=True, slots=True)
class WaveOptions:
    """What was said of waves."""

    overrides: Overrides
    is_shown_only: bool
    is_resumed: bool


def wave_options(function: Function) -> Function:
    """Add the options of waves."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def take_wave_options(options: dict[str, Any]) -> WaveOptions | None:
    """Take the options of waves out of the others; None where waves were not asked for.

    Each of them asks for waves: a limit that is silently without effect would be dangerous.
    """
    in_waves, shown = options.pop("in_waves"), options.pop("show_waves")
    resumed, kept = options.pop("resume"), options.pop("no_rollback")
    names = ("canary", "wave_size", "max_unavailable", "max_fail", "gate")
    overrides = Overrides(**{name: options.pop(name) for name in names}, is_kept=kept)
    if not (in_waves or shown or resumed or overrides != Overrides()):
        return None
    return WaveOptions(overrides, shown, resumed)
