"""Show the report of a command: what each host answered, and why some did not."""

from __future__ import annotations

import time

from rich.console import Console

from deeprig.backup.answer import BackupReport, HostAnswer
from deeprig.backup.document import kind_of, texts_of
from deeprig.backup.show_jobs import JOBS, show_jobs
from deeprig.backup.show_list import show_list
from deeprig.backup.show_rebuilt import show_rebuilt
from deeprig.backup.show_restored import show_restored
from deeprig.backup.show_standing import show_standing
from deeprig.report.screen import Screen, style_of

_STYLES = {"good": "green", "left running": "yellow", "interrupted": "yellow"}


def show(report: BackupReport, console: Console, *, verbose: bool = False) -> None:
    """Print a report; ``verbose`` adds remarks, and every path that was named."""
    screen = Screen(console)
    answered = tuple(host for host in report.hosts if host.document)
    for kind in dict.fromkeys(kind_of(host.document) for host in answered):
        alike = tuple(host for host in answered if kind_of(host.document) == kind)
        if kind == "status":
            show_standing(alike, screen, time.time())
        elif kind == "list":
            show_list(alike, screen, is_whole=verbose)
        elif kind in JOBS:
            show_jobs(kind, alike, screen, verbose=verbose)
        elif kind in _OF_ONE:
            for host in alike:
                _OF_ONE[kind](host, screen, is_whole=verbose)
    for host in report.hosts:
        _show_problem(host, screen)


def _show_stopped(host: HostAnswer, screen: Screen, *, is_whole: bool) -> None:
    """Print what was ended: all of it, whole or not."""
    ended = ", ".join(texts_of(host.document, "ended")) or "nothing"
    screen.line(screen.text(f"{host.host}: ", "bold"), screen.text(f"ended {ended}"))


#: Documents that are shown one host after another.
_OF_ONE = {"restore": show_restored, "rebuild": show_rebuilt, "end": _show_stopped}


def _show_problem(host: HostAnswer, screen: Screen) -> None:
    """Print why a host has no answer, or one that is a refusal."""
    if host.reason is None:
        return
    style = _STYLES.get(host.status) or style_of(host.status)
    head = screen.text(f"{host.host}: ", "bold")
    screen.line(head, screen.text(host.status, style), screen.text(f": {host.reason}"))
    if host.remedy:
        screen.indented(screen.text(f"-> {host.remedy}"))
