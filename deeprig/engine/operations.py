"""What the engine reads off pyinfra's operations: role, name, conditions, commands as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pyinfra import logger
from pyinfra.api.command import (
    FileUploadCommand,
    FunctionCommand,
    PyinfraCommand,
    RsyncCommand,
    StringCommand,
)
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.operation import OperationMeta
from pyinfra.api.state import StateOperationHostData, StateOperationMeta

from deeprig.engine.expected import expecting, is_expected_to_change
from deeprig.errors import DeeprigError

_SEPARATOR = " | "


class Step(FunctionCommand):
    """A Python function as one command of an operation; its docstring's first line is its text.

    What it raises on purpose (PyinfraError, DeeprigError) fails the operation with that text.
    pyinfra's own command prints a traceback for it. ``writes`` are the files that it writes in its
    own way; a plan shows what would change in them.
    """

    def __init__(
        self, function: Callable[[], None], writes: tuple[FileUploadCommand, ...] = ()
    ) -> None:
        super().__init__(function, (), {})
        self.writes = writes

    def execute(self, state: Any, host: Any, connector_arguments: Any) -> bool:
        """Run the function on the host. Return False, the reason logged, where it refuses."""
        try:
            super().execute(state, host, connector_arguments)
        except (PyinfraError, DeeprigError) as error:
            logger.error(str(error))
            return False
        return True


def role_and_name(meta: StateOperationMeta) -> tuple[str, str]:
    """Split pyinfra's "role | operation" name. An operation outside any role has role ''."""
    full = sorted(meta.names)[0]
    role, separator, name = full.partition(_SEPARATOR)
    return (role, name) if separator else ("", full)


def changed(*operations: OperationMeta) -> Callable[[], bool]:
    """Return a condition for ``_if``: did (when applying) or would (when planning) any change?"""
    return lambda: any(is_expected_to_change(operation) for operation in operations)


def condition_holds(data: StateOperationHostData) -> bool:
    """Evaluate an operation's ``_if``. pyinfra itself evaluates it only while executing."""
    conditions = data.global_arguments.get("_if")
    if conditions is None:
        return True
    with expecting():
        if callable(conditions):
            return bool(conditions())
        return all(condition() for condition in conditions)


def command_text(command: PyinfraCommand) -> str:
    """Return a command as a person reads it; secrets are masked by the caller."""
    if isinstance(command, StringCommand):
        return command.get_masked_value()
    if isinstance(command, FileUploadCommand):
        return f"upload {command.dest}"
    if isinstance(command, RsyncCommand):
        return f"rsync {command.src} to {command.dest}"
    if isinstance(command, FunctionCommand):
        return (command.function.__doc__ or command.function.__name__).strip().splitlines()[0]
    return str(command)


def uploads_of(commands: Iterable[PyinfraCommand]) -> Iterator[FileUploadCommand]:
    """Yield every file that commands write."""
    for command in commands:
        if isinstance(command, FileUploadCommand):
            yield command
        elif isinstance(command, Step):
            yield from command.writes


def texts_of(commands: Iterable[PyinfraCommand]) -> tuple[str, ...]:
    """Return the texts of several commands."""
    return tuple(command_text(command) for command in commands)
