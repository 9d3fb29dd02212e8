"""``deeprig backup``: back hosts up now, prove their backups, bring files back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from deeprig.cli.options import (
    inventory_option,
    json_option,
    limit_option,
    parallel_option,
    sudo_option,
)

if TYPE_CHECKING:
    from deeprig.backup.answer import BackupReport
    from deeprig.backup.request import Overwrite, Request

Function = TypeVar("Function", bound=Callable[..., Any])

_MOST_MINUTES = 7 * 24 * 60
#: Options that are not of what is to be done.
_ABOUT_HOST = ("inventory", "ask_sudo_password", "as_json", "verbose")

repository_option = click.option(
    "--repository",
    "repositories",
    multiple=True,
    metavar="NAME",
    help="Only this repository. Repeatable.",
)
wait_option = click.option(
    "--wait",
    type=click.FloatRange(min=0, max=_MOST_MINUTES),
    default=0.0,
    metavar="MINUTES",
    help="Wait so long for a backup, a check or a drill that runs now. Default: refuse.",
)
overwrite_option = click.option(
    "--overwrite",
    type=click.Choice(["newer", "never", "all"]),
    default="newer",
    show_default=True,
    help="What may be replaced: what is not newer than the snapshot's; nothing; everything.",
)
verbose_option = click.option("-v", "--verbose", is_flag=True, help="Show all there is to tell.")


def _host_options(function: Function) -> Function:
    """Add the options of the commands that ask several hosts."""
    options = (
        inventory_option,
        limit_option,
        repository_option,
        parallel_option,
        sudo_option,
        json_option,
        verbose_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.group()
def backup() -> None:
    """Back hosts up now, prove their backups, bring files back. Set up by the role backup.

    Backups run on the hosts by cron or timers, without this command. Long work goes on there when
    the connection ends or after Ctrl-C: follow it again, or stop it.
    """


@backup.command()
@_host_options
@wait_option
@click.option(
    "--accept-less",
    is_flag=True,
    help="That a backup has far less than the one before is meant: old ones may be forgotten.",
)
def now(repositories: tuple[str, ...], wait: float, accept_less: bool, **options: Any) -> None:
    """Back up now, to every repository of each host."""
    from deeprig.backup.request import run_request

    words = ("--accept-less",) if accept_less else ()
    request = run_request("run", repositories, wait).with_words(*words)
    _ask_hosts(request, options, name="now")


@backup.command()
@_host_options
@wait_option
def check(repositories: tuple[str, ...], wait: float, **options: Any) -> None:
    """Check the repositories, and read the next part of their data."""
    from deeprig.backup.request import run_request

    _ask_hosts(run_request("check", repositories, wait), options)


@backup.command()
@_host_options
@wait_option
def drill(repositories: tuple[str, ...], wait: float, **options: Any) -> None:
    """Restore a random sample to scratch space, and compare it with what it must be."""
    from deeprig.backup.request import run_request

    _ask_hosts(run_request("drill", repositories, wait), options)


@backup.command("list")
@_host_options
def list_(repositories: tuple[str, ...], **options: Any) -> None:
    """Show the snapshots in the repositories, of every host that uses them."""
    from deeprig.backup.request import ask_request

    _ask_hosts(ask_request("list", repositories), options)


@backup.command()
@_host_options
@click.option("--ask", is_flag=True, help="Ask the repositories too for their newest snapshots.")
def status(repositories: tuple[str, ...], ask: bool, **options: Any) -> None:
    """Show how the backups stand: the last backup, check and drill, and what runs now.

    Exit 1 where a backup is older than declared, or the last backup, check or drill failed.
    """
    from deeprig.backup.request import ask_request

    request = ask_request("status", repositories)
    _ask_hosts(request.with_words("--ask") if ask else request, options)


@backup.command()
@_host_options
def follow(repositories: tuple[str, ...], **options: Any) -> None:
    """Follow what `deeprig backup` has begun on the hosts, or show how it ended."""
    from deeprig.backup.request import Request

    _refuse_repositories("follow is of all that was begun", repositories)
    _ask_hosts(Request("follow", ("follow",)), options)


@backup.command()
@_host_options
def stop(repositories: tuple[str, ...], **options: Any) -> None:
    """End what `deeprig backup` has begun on the hosts, in order: repositories are let go of."""
    from deeprig.backup.request import Request

    _refuse_repositories("stop ends all that was begun", repositories)
    _ask_hosts(Request("end", ("end",)), options, name="stop")


@backup.command()
@click.argument("host")
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@inventory_option
@click.option("--user", metavar="NAME", help="The home of this user.")
@click.option("--all", "is_all", is_flag=True, help="Everything that the snapshot holds.")
@click.option("--from", "of_host", metavar="HOST", help="Snapshots of this host. Default: its own.")
@click.option("--snapshot", default="latest", show_default=True, metavar="ID", help="Which one.")
@click.option("--repository", metavar="NAME", help="Where from. Default: the first declared.")
@click.option("--target", default="/", metavar="DIRECTORY", help="Where to. Default: in place.")
@overwrite_option
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Show what would be done; do nothing.")
@sudo_option
@json_option
@verbose_option
def restore(host: str, paths: tuple[str, ...], overwrite: Overwrite, **given: Any) -> None:
    """Bring PATHs back on HOST, or the home of a user, or all.

    What is newer on the host than in the snapshot is kept, unless --overwrite all is given. Files
    are restored beside the data first, read again, and only then put in place.
    """
    from deeprig.backup.request import RestoreWish, restore_request

    options = {name: given.pop(name) for name in _ABOUT_HOST}
    wish = RestoreWish(paths=paths, overwrite=overwrite, **given)
    _ask_hosts(restore_request(wish), options | {"host": host, "parallel": None})


@backup.command()
@click.argument("host")
@inventory_option
@click.option("--from", "of_host", metavar="HOST", required=True, help="The dead machine.")
@click.option("--snapshot", default="latest", show_default=True, metavar="ID", help="Which one.")
@click.option("--repository", metavar="NAME", help="Where from. Default: the first declared.")
@overwrite_option
@click.option(
    "--owners",
    type=click.Choice(["numbers", "names"]),
    default="numbers",
    show_default=True,
    help="Where a user's number is another's here: refuse, or hand files over by name.",
)
@click.option("--etc", multiple=True, metavar="PATH", help="Put this of /etc in its place too.")
@click.option("--packages", "has_packages", is_flag=True, help="Install those that are missing.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Show what would be done; do nothing.")
@sudo_option
@json_option
@verbose_option
def rebuild(host: str, **given: Any) -> None:
    """Make HOST what a dead machine was: its users, data and environments. After `apply`.

    Compares at the end: exit 0 only when all of it is back.
    """
    from deeprig.backup.request import RebuildWish, rebuild_request

    options = {name: given.pop(name) for name in _ABOUT_HOST}
    request = rebuild_request(RebuildWish(**given))
    _ask_hosts(request, options | {"host": host, "parallel": None})


def _refuse_repositories(reason: str, repositories: tuple[str, ...]) -> None:
    from deeprig.errors import UsageProblem

    if repositories:
        raise UsageProblem(reason, place="--repository")


def _ask_hosts(request: Request, options: dict[str, Any], *, name: str | None = None) -> NoReturn:
    """Ask the hosts, show what they answered, and exit with its code."""
    from deeprig.engine.embedding import patch_standard_library

    patch_standard_library()
    from deeprig.backup.run import DEFAULT_PARALLEL, ask_hosts, chosen_hosts
    from deeprig.cli.backup_progress import backup_progress_for
    from deeprig.cli.inventory_option import open_lab

    lab = open_lab(options["inventory"])
    hosts = chosen_hosts(lab, options.get("limit", ()), options.get("host"))
    asks, as_json = options["ask_sudo_password"], options["as_json"]
    password = click.prompt("sudo password", hide_input=True, err=True) if asks else None
    with backup_progress_for(as_json=as_json) as progress:
        report = ask_hosts(
            lab,
            hosts,
            request,
            progress,
            name=name,
            parallel=options["parallel"] or DEFAULT_PARALLEL,
            sudo_password=password,
        )
    _show(report, as_json=as_json, verbose=options["verbose"])


def _show(report: BackupReport, *, as_json: bool, verbose: bool) -> NoReturn:
    import json

    from deeprig.backup.show import show
    from deeprig.cli.closing import close_and_exit, output_that_may_be_full
    from deeprig.cli.terminal import output_console

    def print_it() -> None:
        with output_that_may_be_full():
            if as_json:
                click.echo(json.dumps(report.to_json(), indent=2))
            else:
                show(report, output_console(), verbose=verbose)

    close_and_exit(report.exit_code, print_it)
