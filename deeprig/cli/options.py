"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from deeprig.cli.inventory_option import InventoryType

Function = TypeVar("Function", bound=Callable[..., Any])

#: Where `deeprig init` writes, and where commands look when -i is not given.
DEFAULT_INVENTORY = Path("inventory/lab.py")

inventory_option = click.option(
    "-i",
    "--inventory",
    type=InventoryType(),
    default=DEFAULT_INVENTORY,
    show_default=True,
    metavar="INVENTORY",
    help="File of pyinfra's form, or ansible:, ssh:, ssh-config:, csv:, netbox:, terraform:PLACE.",
)
limit_option = click.option(
    "-l",
    "--limit",
    multiple=True,
    metavar="HOST|GROUP",
    help="Only these hosts or groups; a pattern such as 'rig*' works. Repeatable.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
parallel_option = click.option(
    "--parallel",
    type=click.IntRange(min=1),
    metavar="N",
    help="Hosts worked on at once.",
)
role_options = (
    click.option(
        "--role", "roles", multiple=True, metavar="ROLE", help="Only this role. Repeatable."
    ),
    click.option("--skip-role", "skipped", multiple=True, metavar="ROLE", help="Not this role."),
)
verbose_option = click.option(
    "-v", "--verbose", is_flag=True, help="Show unchanged operations and every command too."
)
sudo_option = click.option(
    "-K", "--ask-sudo-password", is_flag=True, help="Ask once for the password that sudo wants."
)
reboot_option = click.option(
    "--reboot/--no-reboot",
    default=None,
    help="Allow, or forbid, the reboot that a change needs. Default: what the inventory says.",
)
bundle_option = click.option(
    "--bundle",
    type=click.Path(path_type=Path),
    metavar="BUNDLE",
    help="Have everything from a bundle ('deeprig bundle'), nothing from a network.",
)


def run_options(function: Function) -> Function:
    """Add the options of ``plan`` and ``apply``."""
    options = (
        inventory_option,
        limit_option,
        *role_options,
        parallel_option,
        bundle_option,
        sudo_option,
        json_option,
        verbose_option,
    )
    for option in reversed(options):
        function = option(function)
    return function
