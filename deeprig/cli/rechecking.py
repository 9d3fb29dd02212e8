"""``deeprig apply`` where nothing changed since the last one: asked once, told, done.

Where all hosts are as the last evaluation left them, neither pyinfra nor gevent is imported.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from deeprig.errors import ExitCode

if TYPE_CHECKING:
    from deeprig.cli.running import RunRequest
    from deeprig.recheck.again import Again

#: As many as a run works on at once (engine.run, which would be loaded for its number).
_PARALLEL = 20


def recheck(request: RunRequest) -> Again | None:
    """Recheck the hosts of an apply, and exit where no host has to be evaluated.

    Return what was found; None where this apply is to be evaluated whatever its hosts say.
    """
    if not request.recheck or _is_other(request):
        return None
    from deeprig.recheck.again import look_again
    from deeprig.recheck.inputs import WATCH

    limits = (repr((request.limit, request.roles, request.skipped, request.reboot)),)
    words = ("apply", str(request.inventory), *limits)
    try:
        again = look_again(words, request.parallel or _PARALLEL)
    except KeyboardInterrupt:
        click.echo("deeprig: interrupted; nothing was changed", err=True)
        raise click.exceptions.Exit(ExitCode.INTERRUPTED) from None
    _tell(request, again)
    if again.is_whole:
        _close(request, again)
    WATCH.begin()  # only now: the recheck itself has asked a program
    return again


def _tell(request: RunRequest, again: Again) -> None:
    """Say what of the inventory was not taken over, and which hosts are evaluated."""
    for host, reason in again.why.items() if request.verbose else ():
        click.echo(f"[{host}] evaluated: {reason}", err=True)
    if again.record is None:
        return
    for note, is_detail in again.record.notes if again.is_whole else ():
        if request.verbose or not is_detail:
            click.echo(f"deeprig: {note}", err=True)
    rest = again.rest
    if rest and not request.as_json:
        told = f"{len(again.same)} hosts are as the last evaluation left them"
        click.echo(f"{told}; evaluated: {', '.join(sorted(rest))}", err=True)


def _close(request: RunRequest, again: Again) -> NoReturn:
    """Show and store the report of a run in which nothing had to be evaluated, and exit."""
    from deeprig.cli.closing import close_and_exit, show_document, show_report, store_report

    document, directory = again.document(), Path(again.known().directory)
    if request.as_json:
        from deeprig.report.store import save_document

        close_and_exit(
            ExitCode.GOOD,
            lambda: show_document(document),
            lambda: _stored(save_document(document, directory)),
        )
    from deeprig.report.model import RunReport

    report = RunReport.from_json(document)
    close_and_exit(
        ExitCode.GOOD,
        lambda: show_report(report, as_json=False, verbose=request.verbose),
        lambda: store_report(report, directory, told="deeprig report"),
    )


def _stored(path: Path) -> None:
    """Say nothing of where: standard error is for what went wrong."""


def _is_other(request: RunRequest) -> bool:
    """Say whether more is asked for than the declared state, or a person is asked something."""
    # What a controller's process read, and when it began, is known as Linux tells it.
    is_known = sys.platform == "linux"
    is_ours = is_known and os.environ.get("DEEPRIG_TRANSPORT", "line") in ("", "line")
    is_forced = request.update is not None and request.update.even_if_busy
    return not is_ours or is_forced or request.ask_sudo_password or request.bundle is not None
