"""What ``plan``, ``apply`` and ``update`` have in common: load, run, show, store, exit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from pathlib import Path

    from deeprig.inventory.sources.source import Where
    from deeprig.update_request import UpdateRequest


@dataclass(frozen=True, slots=True)
class RunRequest:
    """The options of one ``plan``, ``apply`` or ``update``.

    ``reboot`` None leaves it to the inventory; ``update`` None asks for nothing newer. ``bundle``
    is what everything comes from, None the network. ``recheck`` allows to evaluate only the hosts
    that are not as the last evaluation left them.
    """

    inventory: Where
    limit: tuple[str, ...]
    roles: tuple[str, ...]
    skipped: tuple[str, ...]
    parallel: int | None
    ask_sudo_password: bool
    as_json: bool
    verbose: bool
    detailed_exitcode: bool = False
    reboot: bool | None = None
    update: UpdateRequest | None = None
    bundle: Path | None = None
    recheck: bool = False


_REBOOT: dict[bool | None, Literal["when-needed", "never"] | None] = {
    None: None,
    True: "when-needed",
    False: "never",
}


def run_and_exit(mode: Literal["plan", "apply", "update"], request: RunRequest) -> None:
    """Run, show and store the report, and exit with its code."""
    from deeprig.cli.rechecking import recheck

    again = recheck(request) if mode == "apply" else None
    from deeprig.engine.embedding import know_arguments_once, patch_standard_library
    from deeprig.engine.lean_imports import everything_stays

    patch_standard_library()
    with everything_stays():
        know_arguments_once()
        from deeprig.cli.bundle_in_use import from_bundle
        from deeprig.cli.closing import close_and_exit, show_report, store_report
        from deeprig.cli.inventory_option import open_lab
        from deeprig.cli.progress import progress_for
        from deeprig.engine.run import DEFAULT_PARALLEL, run_lab
        from deeprig.report import exit_codes
        from deeprig.selection import Selection
        from deeprig.update_request import NO_UPDATE

        if again is not None:
            from deeprig.recheck.recorder import Recorder
        lab = open_lab(request.inventory, verbose=request.verbose)
    rest = again.rest if again is not None else None
    selection = Selection(request.limit, request.roles, request.skipped, rest)
    recorder = None
    if again is not None:
        recorder = Recorder(again.place, again.record if again.same else None)
    password = (
        click.prompt("sudo password", hide_input=True, err=True)
        if request.ask_sudo_password
        else None
    )
    with (
        from_bundle(lab, request.bundle, as_json=request.as_json) as supplied,
        progress_for(mode, as_json=request.as_json, verbose=request.verbose) as progress,
    ):
        report = run_lab(
            supplied,
            mode,
            selection,
            progress,
            parallel=request.parallel or DEFAULT_PARALLEL,
            sudo_password=password,
            update=request.update or NO_UPDATE,
            reboot=_REBOOT[request.reboot],
            recorder=recorder,
        )
    if again is not None and recorder is not None:
        order = tuple(host.name for host in replace(selection, only=None).hosts_of(lab))
        recorder.keep(lab, report, order)
        for host, reason in recorder.reasons.items() if request.verbose else ():
            click.echo(f"[{host}] will be evaluated again: {reason}", err=True)
        report = again.with_same(report)
    code = exit_codes.of_run(report, detailed_exitcode=request.detailed_exitcode)
    report = report.with_exit_code(code)
    told = None if request.as_json else "deeprig report"
    close_and_exit(
        code,
        lambda: show_report(report, as_json=request.as_json, verbose=request.verbose),
        lambda: store_report(report, lab.directory, told=told),
    )
