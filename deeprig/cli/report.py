"""``deeprig report``: show a stored report, or turn it into another format."""

from __future__ import annotations

from pathlib import Path

import click

from deeprig.cli.options import inventory_option


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@inventory_option
@click.option("--command", type=click.Choice(["plan", "apply", "verify"]), help="Of this command.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit", "html"]),
    default="text",
    show_default=True,
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def report(
    file: Path | None,
    inventory: Path,
    command: str | None,
    form: str,
    output: Path | None,
    as_json: bool,
) -> None:
    """Show FILE, or the lab's newest report."""
    from deeprig.errors import DeeprigError
    from deeprig.inventory.place import lab_directory
    from deeprig.report import store

    path = file or store.newest(lab_directory(inventory), command)
    loaded = store.load(path)
    text = rendered(loaded, "json" if as_json else form)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DeeprigError(f"it cannot be written: {error.strerror}", place=str(output)) from error
    click.echo(f"wrote {output}", err=True)


def rendered(loaded: object, form: str) -> str:
    """Return a report as text in one of the formats."""
    import json

    from deeprig.report import html, junit, terminal
    from deeprig.report.model import RunReport, VerifyReport

    if not isinstance(loaded, RunReport | VerifyReport):
        raise TypeError("no report")
    if form == "json":
        return json.dumps(loaded.to_json(), indent=2) + "\n"
    if form == "junit":
        return junit.to_xml(loaded)
    if form == "html":
        return html.to_page(loaded)
    from deeprig.cli.terminal import output_console

    console = output_console()
    with console.capture() as captured:
        terminal.render(loaded, console)
    return captured.get()
