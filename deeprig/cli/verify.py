"""``deeprig verify``: prove that hosts are as declared, and train."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deeprig.cli.options import (
    inventory_option,
    json_option,
    limit_option,
    parallel_option,
    role_options,
)

if TYPE_CHECKING:
    from deeprig.inventory.sources.source import Where
    from deeprig.verify.training.request import Profile


@click.command()
@inventory_option
@limit_option
@role_options[0]
@role_options[1]
@parallel_option
@json_option
@click.option(
    "--profile",
    type=click.Choice(["smoke", "acceptance", "soak"]),
    default="smoke",
    show_default=True,
    help="How thoroughly training is proven: about a minute, a quarter of an hour, or hours.",
)
@click.option(
    "--burn-minutes",
    type=click.FloatRange(min=0.5, max=7 * 24 * 60),
    help="How long acceptance (default 5) and soak (default 240) burn the machine in.",
)
@click.option(
    "--accept-baseline",
    is_flag=True,
    help="What is measured now is right, also where it is slower: later runs are compared with it.",
)
@click.option("--junit", type=click.Path(path_type=Path), help="Write JUnit XML to this file too.")
def verify(
    inventory: Where,
    limit: tuple[str, ...],
    roles: tuple[str, ...],
    skipped: tuple[str, ...],
    parallel: int | None,
    as_json: bool,
    profile: Profile,
    burn_minutes: float | None,
    accept_baseline: bool,
    junit: Path | None,
) -> None:
    """Prove over a fresh connection that each host is as declared, and that it trains.

    Runs every role's testinfra checks, and a training suite inside each environment that declares
    one. A host that shows or declares a GPU fails without CUDA. Unknown is never a pass.
    """
    from deeprig.engine.embedding import patch_standard_library

    patch_standard_library()
    from deeprig.cli.closing import close_and_exit, show_report, store_report
    from deeprig.cli.inventory_option import open_lab
    from deeprig.cli.progress import verify_progress_for
    from deeprig.errors import ExitCode, UsageProblem
    from deeprig.report import exit_codes, output
    from deeprig.report import junit as junit_format
    from deeprig.selection import Selection
    from deeprig.verify.run import DEFAULT_PARALLEL, Thoroughness, verify_lab

    if burn_minutes is not None and profile == "smoke":
        raise UsageProblem(
            "the profile smoke burns nothing in",
            place="--burn-minutes",
            remedy="add --profile acceptance or --profile soak",
        )
    if junit is not None:
        output.require_writable(junit)
    lab = open_lab(inventory)
    selection = Selection(limit, roles, skipped)
    with verify_progress_for(as_json=as_json) as progress:
        report, was_interrupted = verify_lab(
            lab,
            selection,
            progress,
            parallel=parallel or DEFAULT_PARALLEL,
            thoroughness=Thoroughness(profile, burn_minutes, accept_baseline),
        )
    code = ExitCode.INTERRUPTED if was_interrupted else exit_codes.of_verification(report)
    report = report.with_exit_code(code)
    told = None if as_json else "deeprig report --format html"
    steps = [
        lambda: show_report(report, as_json=as_json),
        lambda: store_report(report, lab.directory, told=told),
    ]
    if junit is not None:
        steps.append(lambda: output.write(junit, junit_format.to_xml(report)))
    close_and_exit(code, *steps)
