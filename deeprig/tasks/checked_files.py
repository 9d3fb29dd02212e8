"""Place files together, only after the program that will read them has found them good."""

from __future__ import annotations

import posixpath
from collections.abc import Generator
from dataclasses import dataclass
from io import StringIO
from typing import Any

from jinja2 import Environment, StrictUndefined
from pyinfra.api.command import PyinfraCommand, QuoteString, StringCommand
from pyinfra.api.exceptions import OperationError
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.context import ctx_host
from pyinfra.operations import files

from deeprig.engine.operations import Step
from deeprig.role import RoleContext
from deeprig.tasks.closed_files import closed, place_closed

Commands = Generator[PyinfraCommand, None, None]
#: In memory, readable by root only, gone at the next boot.
STAGED = "/run/deeprig/staged"


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file below the directory that is checked as a whole; ``path`` is relative to that."""

    path: str
    text: str
    mode: str = "644"
    group: str = "root"


def rendered(context: RoleContext[Any], lands_at: str) -> str:
    """Return a template of the role as it lands, with what every template sees."""
    environment = Environment(  # noqa: S701 - configuration files, not HTML
        undefined=StrictUndefined, keep_trailing_newline=True
    )
    source = context.content.template(context.role, lands_at).read_text(encoding="utf-8")
    return environment.from_string(source).render(
        settings=context.settings,
        host_name=context.host_name,
        facts=context.facts,
        network=context.network,
    )


@operation()
def checked_files(
    directory: str, wanted: tuple[CheckedFile, ...], check: tuple[str, ...]
) -> Commands:
    """Have files in a directory that root owns; ``check`` runs where all of them are staged.

    Nothing is placed where it fails: what was there goes on being read.
    """
    commands = [command for file in wanted for command in _placing(directory, file)]
    if not commands:
        ctx_host.get().noop(f"{directory} is as declared")
        return

    def inspect() -> None:
        """Check the configuration before it is placed."""
        _check(wanted, check)

    yield Step(inspect)
    yield from commands


def _placing(directory: str, file: CheckedFile) -> Commands:
    put = files.put._inner(
        src=StringIO(file.text),
        dest=posixpath.join(directory, file.path),
        user="root",
        group=file.group,
        mode=file.mode,
        create_remote_dir=True,
    )
    yield from closed(put, mode=file.mode, group=file.group)


def _check(wanted: tuple[CheckedFile, ...], check: tuple[str, ...]) -> None:
    host: Host = ctx_host.get()
    directories = sorted({posixpath.dirname(posixpath.join(STAGED, f.path)) for f in wanted})
    _run("install", "-d", "-m", "700", STAGED, *directories)
    try:
        for file in wanted:
            place_closed(host, file.text.encode(), posixpath.join(STAGED, file.path), file.mode)
        words = [QuoteString(word) for word in check]
        _run_shell(StringCommand("cd", STAGED, "&&", *words))
    finally:
        _run("rm", "-rf", STAGED)


def _run(*words: str) -> None:
    _run_shell(StringCommand(*(QuoteString(word) for word in words)))


def _run_shell(command: StringCommand) -> None:
    host: Host = ctx_host.get()
    succeeded, output = host.run_shell_command(command, _sudo=host.data.get("_sudo", False))
    if not succeeded:
        told = output.stdout + "\n" + output.stderr
        raise OperationError(f"this configuration is refused and not placed:\n{told.strip()}")
