"""``deeprig lab``: throwaway test hosts on this machine."""

from __future__ import annotations

import re
from pathlib import Path

import click

from deeprig.cli.options import json_option

_LABS = Path(".lab")
_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,30}$")


def _checked_name(context: click.Context, parameter: click.Parameter, name: str) -> str:
    """Refuse a name that could lead out of .lab: ``down`` removes the lab's directory."""
    if not _NAME.match(name):
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
    from deeprig.errors import UsageProblem
    from deeprig.lab import api

    served = []
    for item in serve:
        label, equals, directory = item.partition("=")
        if not equals or not label:
            raise UsageProblem(f"{item!r} is not NAME=DIRECTORY", place="--serve")
        served.append((label, Path(directory)))
    spec = api.LabSpec(_LABS / name, hosts, os_name, tuple(served), allow_host, data, mirror)
    state = api.up(spec, note=lambda text: click.echo(text, err=True))
    if as_json:
        _print_status(state)
        return
    from deeprig.cli.terminal import shown_path

    shown = shown_path(state.inventory)
    click.echo(f"The inventory: {shown}\nNext: deeprig apply -i {shown}")


@lab.command()
@name_option
@json_option
def status(name: str, as_json: bool) -> None:
    """Show the lab's hosts and how to reach them."""
    from deeprig.lab import api, machine

    state = api.load(_LABS / name)
    if as_json:
        _print_status(state)
        return
    from deeprig.cli.terminal import shown_path

    click.echo(f"{'HOST':10} {'OS':10} {'ADDRESS':14} {'SSH PORT':9} STATE")
    for host in state.hosts:
        running = "running" if machine.is_running(state, host) else "stopped"
        click.echo(f"{host.name:10} {host.os:10} {host.address:14} {host.ssh_port:<9} {running}")
    click.echo(f"Inventory: {shown_path(state.inventory)}")


@lab.command(context_settings={"ignore_unknown_options": True})
@name_option
@click.argument("host", default="rig1")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def ssh(name: str, host: str, command: tuple[str, ...]) -> None:
    """Log in to HOST (default rig1), or run COMMAND on the named HOST."""
    import os

    from deeprig.lab import api
    from deeprig.lab.state import LOGIN_USER

    state = api.load(_LABS / name)
    target = state.host(host)
    options = ["-i", str(state.key), "-o", "IdentitiesOnly=yes", "-p", str(target.ssh_port)]
    options += ["-o", f"UserKnownHostsFile={state.known_hosts}", "-o", "StrictHostKeyChecking=yes"]
    os.execvp("ssh", ["ssh", *options, f"{LOGIN_USER}@127.0.0.1", *command])  # noqa: S606 - ssh is the shell


@lab.command()
@name_option
@json_option
def down(name: str, as_json: bool) -> None:
    """Remove the lab: processes, namespace, mounts and files. Also after a killed `up`."""
    import json

    from deeprig.lab import api
    from deeprig.lab.requirements import check_requirements

    check_requirements()
    api.down(_LABS / name, note=lambda text: click.echo(text, err=True))
    if as_json:
        click.echo(json.dumps({"schema": "deeprig.lab.down/1", "name": name}))
    else:
        click.echo(f"The lab {name} is gone.")


def _print_status(state: object) -> None:
    import json

    from deeprig.lab import machine
    from deeprig.lab.state import LabState

    if not isinstance(state, LabState):
        raise TypeError("no lab state")
    hosts = [
        {
            "host": host.name,
            "os": host.os,
            "address": host.address,
            "ssh_hostname": "127.0.0.1",
            "ssh_port": host.ssh_port,
            "running": machine.is_running(state, host),
        }
        for host in state.hosts
    ]
    document = {
        "schema": "deeprig.lab.status/1",
        "directory": str(state.directory),
        "inventory": str(state.inventory),
        "hosts": hosts,
        "served": {name: state.url(name) for name, _ in state.served},
        "served_to_controller": {name: state.controller_url(name) for name, _ in state.served},
    }
    click.echo(json.dumps(document, indent=2))
