"""Have an operation's commands outlive the connection: installing, building, downloading on a host.

An operation wraps what it yields::

    @operation()
    def toolkits() -> Commands:
        yield from steadily([StringCommand("apt-get", "install", "-y", "cuda")], "cuda", apt=True)

See docs/interruptions.md for what a host then does by itself.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable

from pyinfra.api.command import PyinfraCommand, StringCommand

from deeprig.engine.steady_command import SteadyCommand


def steadily(
    commands: Iterable[PyinfraCommand | str], label: str, *, apt: bool = False
) -> Generator[PyinfraCommand, None, None]:
    """Yield commands so that each goes on when the connection is lost.

    ``label`` (letters, digits, dashes) names their units. ``apt`` is for work with packages: it
    waits for whoever holds the package system, repairs first what an earlier cut left, and asks
    nobody anything. What is no shell command (an upload, a function) stays as it is.
    """
    for command in commands:
        plain = StringCommand(command) if isinstance(command, str) else command
        if isinstance(plain, StringCommand) and not isinstance(plain, SteadyCommand):
            yield SteadyCommand(plain, label, is_apt=apt)
        else:
            yield plain
