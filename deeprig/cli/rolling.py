"""What ``apply --waves``, ``update --waves`` and ``resume`` have in common: lead, show, store."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Literal, NoReturn

import click

if TYPE_CHECKING:
    from deeprig.cli.running import RunRequest
    from deeprig.cli.wave_options import WaveOptions
    from deeprig.errors import ExitCode
    from deeprig.inventory.load import Lab
    from deeprig.inventory.sources.source import Where
    from deeprig.report.model import RunReport
    from deeprig.waves.model import Rollout
    from deeprig.waves.store import RolloutStore


_REBOOT: dict[bool | None, Literal["when-needed", "never"] | None] = {
    None: None,
    True: "when-needed",
    False: "never",
}


@dataclass(frozen=True, slots=True)
class Manner:
    """How a rollout is worked on and shown, whoever began it."""

    parallel: int | None
    ask_sudo_password: bool
    as_json: bool
    verbose: bool


def roll_and_exit(
    command: Literal["apply", "update"], request: RunRequest, options: WaveOptions
) -> NoReturn:
    """Begin a rollout, or take one up, lead it, and exit with the code of what became of it."""
    from deeprig.engine.embedding import patch_standard_library

    patch_standard_library()
    from deeprig.cli.inventory_option import open_lab
    from deeprig.inventory.sources.source import Source
    from deeprig.waves.declared import digest
    from deeprig.waves.start import led_by_us
    from deeprig.waves.store import RolloutStore

    manner = Manner(request.parallel, request.ask_sudo_password, request.as_json, request.verbose)
    if options.is_resumed:
        _refuse_beside_resume(command, request, options)
        resume_and_exit(request.inventory, None, manner, command=command)
    lab = open_lab(request.inventory, verbose=request.verbose)
    rollout = _new(lab, command, request, options)
    if options.is_shown_only:
        _show_preview(rollout, as_json=request.as_json)
    store = RolloutStore(lab.directory)
    declared = digest(lab.directory, lab.read)
    gathered = lab.read if isinstance(lab.path, Source) else ()
    rollout = store.create(led_by_us(replace(rollout, declared=declared)), gathered)
    with store.leading(rollout):
        rollout = _led(lab, store, rollout, manner)
    _close_and_exit(lab, store, rollout, manner)


def resume_and_exit(
    inventory: Where, name: str | None, manner: Manner, *, command: str | None = None
) -> NoReturn:
    """Let a paused rollout go on where it is led, or lead one that nobody leads.

    With a ``command`` it is one of that command, and none to go on with is no fault (cron).
    """
    from deeprig.engine.embedding import patch_standard_library

    patch_standard_library()
    from deeprig.cli.inventory_option import open_lab
    from deeprig.inventory.sources.source import directory_of
    from deeprig.waves.declared import digest
    from deeprig.waves.model import RESUMABLE
    from deeprig.waves.start import is_led, taken_up
    from deeprig.waves.store import RolloutStore
    from deeprig.waves.supply import check_same

    store = RolloutStore(directory_of(inventory))
    if command is not None and not _resumable(store, command):
        click.echo(f"There is no rollout of {command} to go on with.", err=True)
        raise click.exceptions.Exit(0)
    rollout = store.chosen(name, RESUMABLE, "resume")
    if is_led(rollout):
        _let_go_on(store, rollout)
    lab = open_lab(inventory, verbose=manner.verbose)
    if rollout.asked.bundle is not None:
        check_same(rollout.asked.bundle)
    with store.leading(rollout):
        rollout = taken_up(store.load(rollout.id), lab, digest(lab.directory, lab.read))
        store.withdraw(rollout)
        rollout = _led(lab, store, rollout, manner)
    _close_and_exit(lab, store, rollout, manner)


def _let_go_on(store: RolloutStore, rollout: Rollout) -> NoReturn:
    from deeprig.errors import UsageProblem

    if store.asked(rollout) is None:
        raise UsageProblem(
            f"the rollout {rollout.id} is being led, and is not paused",
            remedy="'deeprig status' tells how far it is",
        )
    store.withdraw(rollout)
    click.echo(f"The rollout {rollout.id} goes on, where it was started.")
    raise click.exceptions.Exit(0)


def _resumable(store: RolloutStore, command: str) -> bool:
    from deeprig.waves.model import RESUMABLE

    return any(r.status in RESUMABLE and r.asked.command == command for r in store.all())


def _refuse_beside_resume(command: str, request: RunRequest, options: WaveOptions) -> None:
    from deeprig.errors import UsageProblem
    from deeprig.waves.overrides import Overrides

    # The roles of an update are those of what it updates.
    has_roles = command == "apply" and (request.roles or request.skipped)
    chosen = request.limit or has_roles or request.reboot is not None or request.bundle is not None
    if chosen or options.is_shown_only or options.overrides != Overrides():
        raise UsageProblem(
            "a resumed rollout goes on as it was begun",
            place="--resume",
            remedy="leave all but --resume out; or abort it, and begin anew",
        )


def _new(
    lab: Lab, command: Literal["apply", "update"], request: RunRequest, options: WaveOptions
) -> Rollout:
    from deeprig.selection import Selection
    from deeprig.update_request import NO_UPDATE
    from deeprig.waves.lead import utc_now
    from deeprig.waves.model import Asked
    from deeprig.waves.start import new_rollout
    from deeprig.waves.supply import supply_of

    selection = Selection(request.limit, request.roles, request.skipped)
    hosts = selection.hosts_of(lab)
    selection.check_roles(lab)
    asked = Asked(
        command,
        request.roles,
        request.skipped,
        _REBOOT[request.reboot],
        asdict(request.update or NO_UPDATE),
        None if request.bundle is None else supply_of(request.bundle),
    )
    return new_rollout(lab, hosts, asked, options.overrides, utc_now())


def _show_preview(rollout: Rollout, *, as_json: bool) -> NoReturn:
    import json

    from deeprig.cli.terminal import output_console
    from deeprig.report.screen import Screen
    from deeprig.waves.planning import preview
    from deeprig.waves.show import show_preview

    if as_json:
        waves = [list(hosts) for hosts in preview(rollout)]
        click.echo(json.dumps({"schema": "deeprig.waves/1", "waves": waves}, indent=2))
    else:
        show_preview(rollout, Screen(output_console()))
    raise click.exceptions.Exit(0)


def _led(lab: Lab, store: RolloutStore, rollout: Rollout, manner: Manner) -> Rollout:
    """Lead a rollout and return it as it was noted last."""
    from deeprig.cli.terminal import progress_console
    from deeprig.cli.wave_progress import WaveLines, show_nothing
    from deeprig.engine.run import DEFAULT_PARALLEL
    from deeprig.waves.lead import Leader
    from deeprig.waves.real import RealWorks
    from deeprig.waves.waiting import wait

    password = None
    if manner.ask_sudo_password:
        password = click.prompt("sudo password", hide_input=True, err=True)
    works = RealWorks(
        lab, store, manner.parallel or DEFAULT_PARALLEL, password, manner.as_json, manner.verbose
    )
    show = show_nothing if manner.as_json else WaveLines(progress_console()).show
    store.save(rollout)
    return Leader(store, works, rollout, show, sleep=wait).lead()


def _close_and_exit(lab: Lab, store: RolloutStore, rollout: Rollout, manner: Manner) -> NoReturn:
    """Show what became of a rollout, store the report of its whole, and exit."""
    from deeprig.cli.closing import close_and_exit, show_report, store_report
    from deeprig.waves.lead import utc_now
    from deeprig.waves.whole_report import whole_report

    report = whole_report(store, rollout, utc_now())
    code = exit_code_of(rollout, report)
    report = report.with_exit_code(code)

    def show() -> None:
        if manner.as_json or manner.verbose:
            show_report(report, as_json=manner.as_json, verbose=manner.verbose)
        if not manner.as_json:
            _show(rollout)

    told = None if manner.as_json else "deeprig report"
    close_and_exit(code, show, lambda: store_report(report, lab.directory, told=told))


def _show(rollout: Rollout) -> None:
    from deeprig.cli.closing import output_that_may_be_full
    from deeprig.cli.terminal import output_console
    from deeprig.report.screen import Screen
    from deeprig.waves.show import show_rollout

    with output_that_may_be_full():
        show_rollout(rollout, Screen(output_console()), is_led=False)


def exit_code_of(rollout: Rollout, report: RunReport) -> ExitCode:
    """Return the code of a rollout: what stopped it, what is pending, or its hosts' worst."""
    from deeprig.errors import ExitCode
    from deeprig.report import exit_codes

    if rollout.status in ("interrupted", "aborted"):
        return ExitCode.INTERRUPTED
    worst = exit_codes.of_run(report)
    if rollout.status == "stopped":
        return ExitCode.FAILED
    if rollout.status == "outside window" and worst is ExitCode.GOOD:
        return ExitCode.CHANGES_PENDING
    return worst
