"""``deeprig report``: show a stored report, or turn it into another format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deeprig.cli.options import inventory_option

if TYPE_CHECKING:
    from rich.console import Console

    from deeprig.inventory.sources.source import Where
    from deeprig.report.store import Report


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@inventory_option
@click.option(
    "--command",
    type=click.Choice(["plan", "apply", "update", "verify", "inspect", "diff-fleet"]),
    help="The newest report of this command.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit", "html"]),
    help="What to make of it.  [default: text]",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file.")
@click.option(
    "--certificate",
    type=click.Path(path_type=Path),
    metavar="FILE.html",
    help="Write the certificate of a verification: a page, and JSON and JUnit XML beside it.",
)
@click.option("--host", "hosts", multiple=True, help="Of this host only (certificate).")
@click.option(
    "--inspection",
    type=click.Path(path_type=Path),
    help="The inspect report of the certificate.  [default: each host's newest of the lab]",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("-v", "--verbose", is_flag=True, help="Show what did not change or fail, too.")
def report(
    file: Path | None,
    inventory: Where,
    command: str | None,
    form: str | None,
    output: Path | None,
    certificate: Path | None,
    hosts: tuple[str, ...],
    inspection: Path | None,
    as_json: bool,
    verbose: bool,
) -> None:
    """Show FILE, or the newest report of the lab.

    plan, apply, update, verify, inspect and diff-fleet store their reports in the lab's reports
    directory.
    With --certificate, make a certificate of FILE, or of the lab's newest verify.
    """
    from deeprig.errors import UsageProblem
    from deeprig.inventory.sources.source import directory_of
    from deeprig.report import store

    if certificate is not None:
        _require_alone(command, form, output, as_json=as_json)
        _certify(certificate, file, inventory, hosts, inspection)
        return
    if hosts or inspection is not None:
        raise UsageProblem("--host and --inspection are of --certificate", remedy="give that too")
    if file is not None and command is not None:
        raise UsageProblem("FILE and --command exclude each other", remedy="give one of them")
    if as_json and form not in (None, "json"):
        raise UsageProblem(f"--json and --format {form} exclude each other")
    loaded = store.load(file or store.newest(directory_of(inventory), command))
    form = "json" if as_json else form or "text"
    if output is not None:
        _write(output, as_text(loaded, form, verbose=verbose))
    else:
        _show(loaded, form, verbose=verbose)


def _require_alone(
    command: str | None, form: str | None, output: Path | None, *, as_json: bool
) -> None:
    """Raise UsageProblem for options that a certificate has no use for."""
    from deeprig.errors import UsageProblem

    given = {"--format": form, "--output": output, "--json": as_json or None}
    if command not in (None, "verify"):
        given["--command"] = command
    strange = [name for name, value in given.items() if value is not None]
    if strange:
        raise UsageProblem(
            f"--certificate and {strange[0]} exclude each other",
            remedy="it writes FILE.html, FILE.json and FILE.junit.xml of a verify report",
        )


def _certify(
    page: Path, file: Path | None, inventory: Where, hosts: tuple[str, ...], inspection: Path | None
) -> None:
    from deeprig.certificate.command import Wanted, write_certificate
    from deeprig.inventory.sources.source import directory_of

    wanted = Wanted(page, file, directory_of(inventory), hosts, inspection)
    written = write_certificate(wanted)
    for host in written.certificate.hosts:
        click.echo(f"{host.host}: {host.verdict}")
    for path in written.paths:
        click.echo(f"wrote {path}", err=True)


def _show(loaded: Report, form: str, *, verbose: bool) -> None:
    from deeprig.cli.closing import output_that_may_be_full
    from deeprig.cli.terminal import output_console

    with output_that_may_be_full():
        if form == "text":
            _render(loaded, output_console(), verbose=verbose)
        else:
            # Bytes: XML and HTML say that they are UTF-8, whatever the locale is.
            click.echo(as_text(loaded, form).encode(), nl=False)


def as_text(loaded: Report, form: str, *, verbose: bool = False) -> str:
    """Return a report in one of the formats, with neither colours nor folded lines."""
    import io
    import json

    if form == "json":
        return json.dumps(loaded.to_json(), indent=2) + "\n"
    if form == "junit":
        return _as_junit(loaded)
    if form == "html":
        from deeprig.report import html

        return html.to_page(loaded) + "\n"
    from rich.console import Console

    # Colours that the environment forces upon terminals (FORCE_COLOR) have no place in a file.
    target = io.StringIO()
    _render(loaded, Console(file=target, force_terminal=False, no_color=True), verbose=verbose)
    return target.getvalue()


def _as_junit(loaded: Report) -> str:
    if loaded.command == "diff-fleet":
        from deeprig.fleet import junit as of_fleet

        return of_fleet.to_xml(loaded)
    from deeprig.report import junit

    return junit.to_xml(loaded)


def _render(loaded: Report, console: Console, *, verbose: bool) -> None:
    from deeprig.report import terminal

    terminal.render(loaded, console, verbose=verbose)


def _write(path: Path, text: str) -> None:
    from deeprig.report import output

    output.require_writable(path)
    output.write(path, text)
    click.echo(f"wrote {path}", err=True)
