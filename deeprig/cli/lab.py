"""``deeprig lab``: throwaway test hosts on this machine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deeprig.cli.options import json_option

if TYPE_CHECKING:
    from deeprig.lab.state import LabState

_LABS = Path(".lab")
_BEHIND = "deeprig.lab.ssh.behind"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")


def _checked_name(context: click.Context, parameter: click.Parameter, name: str) -> str:
    """Refuse a name that could lead out of .lab: ``down`` removes the lab's directory."""
    if not _NAME.fullmatch(name):
        raise click.BadParameter("a lab's name has lower-case letters, digits and dashes")
    return name


name_option = click.option(
    "--name",
    default="default",
    show_default=True,
    callback=_checked_name,
    help="Which lab; it lies in .lab/NAME.",
)


@click.group()
def lab() -> None:
    """Throwaway test hosts with real systemd, sshd, cron and apt on this machine (root needed)."""


@lab.command()
@name_option
@click.option("--hosts", default=1, show_default=True, help="How many hosts there shall be.")
@click.option("--os", "os_name", default="debian12", show_default=True, help="debian12, debian13.")
@click.option(
    "--serve",
    multiple=True,
    metavar="NAME=DIRECTORY",
    help="Serve a directory to the hosts as http://10.213.0.1:8000/NAME/.",
)
@click.option("--allow-host", multiple=True, help="A further host the lab's proxy lets through.")
@click.option("--mirror", metavar="URL", help="Debian mirror the image is made from.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="File of settings for the lab's hosts (becomes group_data/workstations.py).",
)
@json_option
def up(
    name: str,
    hosts: int,
    os_name: str,
    serve: tuple[str, ...],
    allow_host: tuple[str, ...],
    data: Path | None,
    mirror: str | None,
    as_json: bool,
) -> None:
    """Bring hosts up, or add hosts to a lab, and write an inventory for them."""
    from deeprig.cli.lab_progress import noting
    from deeprig.errors import UsageProblem
    from deeprig.lab import api

    served = []
    for item in serve:
        label, equals, directory = item.partition("=")
        if not equals or not label:
            raise UsageProblem(f"{item!r} is not NAME=DIRECTORY", place="--serve")
        served.append((label, Path(directory)))
    spec = api.LabSpec(_LABS / name, hosts, os_name, tuple(served), allow_host, data, mirror)
    with noting() as note:
        state = api.up(spec, note)
    if as_json:
        _print_status(state)
    else:
        _print_next(name, state)


@lab.command()
@name_option
@json_option
def status(name: str, as_json: bool) -> None:
    """Show the lab's hosts and how to reach them."""
    from deeprig.lab import api, gateway_process, machine

    state = api.load(_LABS / name)
    if as_json:
        _print_status(state)
        return
    click.echo(f"{'HOST':10} {'OS':10} {'ADDRESS':14} {'SSH PORT':9} STATE")
    for host in state.hosts:
        running = "running" if machine.is_running(state, host) else "stopped"
        click.echo(f"{host.name:10} {host.os:10} {host.address:14} {host.ssh_port:<9} {running}")
    for served, url in state.served_urls.items():
        click.echo(f"Served to the hosts: {url} (from {dict(state.served)[served]})")
    if not gateway_process.is_running(state):
        click.echo("The gateway is stopped; 'deeprig lab up' brings it and stopped hosts back.")
    _print_next(name, state)


class _SshCommand(click.Command):
    """A command that knows what came behind ``--``, which click drops."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep what follows ``--`` apart from HOST."""
        if "--" in args:
            position = args.index("--")
            ctx.meta[_BEHIND] = tuple(args[position + 1 :])
            args = args[:position]
        return super().parse_args(ctx, args)


@lab.command(cls=_SshCommand, context_settings={"ignore_unknown_options": True})
@name_option
@click.option("--user", default="deeprig", show_default=True, help="deeprig (with sudo) or root.")
@click.argument("words", metavar="[HOST] [-- COMMAND...]", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def ssh(context: click.Context, name: str, user: str, words: tuple[str, ...]) -> None:
    """Log in to HOST (default: the first one), or run COMMAND there."""
    import os

    from deeprig.lab import api
    from deeprig.lab.ssh_command import asked_host, ssh_command

    state = api.load(_LABS / name)
    host, command = asked_host(state, words)
    behind = context.meta.get(_BEHIND, ())
    # In `ssh rig1 sh -- x` the dashes belong to the command.
    command = (*command, "--", *behind) if command and behind else (*command, *behind)
    arguments = ssh_command(state, host, user, command)
    os.execvp(arguments[0], arguments)  # noqa: S606 - ssh is the shell


@lab.command()
@name_option
@json_option
def down(name: str, as_json: bool) -> None:
    """Remove the lab: processes, namespace, mounts and files. Also after a killed `up`."""
    import json

    from deeprig.cli.lab_progress import noting
    from deeprig.lab import api
    from deeprig.lab.requirements import check_requirements

    check_requirements()
    with noting() as note:
        api.down(_LABS / name, note)
    if _LABS.is_dir() and not any(_LABS.iterdir()):
        _LABS.rmdir()
    if as_json:
        click.echo(json.dumps({"schema": "deeprig.lab.down/1", "name": name}))
    else:
        click.echo(f"The lab {name} is gone.")


def _print_status(state: LabState) -> None:
    import json

    from deeprig.lab.status import status_document

    click.echo(json.dumps(status_document(state), indent=2))


def _print_next(name: str, state: LabState) -> None:
    from deeprig.cli.terminal import shown_path

    named = "" if name == "default" else f" --name {name}"
    inventory = shown_path(state.inventory)
    click.echo(f"Inventory: {inventory}")
    click.echo(f"Next: deeprig apply -i {inventory}")
    click.echo(f"      deeprig lab ssh{named}, deeprig lab down{named}")
