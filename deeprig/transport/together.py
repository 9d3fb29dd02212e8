"""An operation's uploads and small file commands, done in one frame instead of one by one.

pyinfra runs each command that an operation yields before it lets the operation go on. Here an
operation is let go on while what it has yielded can wait, and all of it is done before anything
else reaches the host: another command, a question, an operation's own function. So nothing there
happens in another order. Commands and results are handed to pyinfra as if each had been run alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from pyinfra.api.arguments import CONNECTOR_ARGUMENT_KEYS
from pyinfra.api.command import FileUploadCommand, PyinfraCommand
from pyinfra.api.host import Host
from pyinfra.api.state import StateOperationHostData
from pyinfra.connectors.util import CommandOutput

from deeprig.transport.connector import LineConnector
from deeprig.transport.doing import LARGEST_BYTES, doing_of
from deeprig.transport.frames import NOT_HERE, NOT_RUN, Question, Write
from deeprig.transport.questions import output_of

Commands: TypeAlias = Callable[[], Iterator[PyinfraCommand]]


class Refused(Exception):
    """A command that waited has failed; the operation that asks for more is not let go on."""


def do_together(host: Host, data: StateOperationHostData) -> None:
    """Have an operation's small commands done together, where its host's connector can."""
    connector, arguments = host.connector, data.global_arguments
    # What is printed as it happens (-vv), or goes on after a failure, is done one by one.
    is_told = host.state.print_input or host.state.print_output
    if isinstance(connector, LineConnector) and not (is_told or arguments["_continue_on_error"]):
        waiting = Waiting(host, connector, arguments)
        data.command_generator = _together(data.command_generator, waiting)


def _together(commands: Commands, waiting: Waiting) -> Commands:
    def generate() -> Iterator[PyinfraCommand]:
        waiting.begin()
        source = iter(commands())
        try:
            while True:
                try:
                    command = next(source)
                except (StopIteration, Refused):
                    break
                except Exception:
                    yield from waiting.take()
                    raise
                if waiting.has_failed:
                    break
                item = waiting.item_of(command)
                if item is None or not waiting.has_room_for(item):
                    yield from waiting.take()
                if item is None:
                    yield command
                else:
                    waiting.add(command, item)
            yield from waiting.take()
        finally:
            waiting.end()

    return generate


class Waiting:
    """What an operation has yielded and is not done yet; then what has come of it."""

    def __init__(self, host: Host, connector: LineConnector, arguments: Mapping[str, Any]) -> None:
        self._host, self._connector = host, connector
        self._own = {key: arguments[key] for key in CONNECTOR_ARGUMENT_KEYS if key in arguments}
        self._clear()

    def _clear(self) -> None:
        self.has_failed = False
        self._items: list[tuple[PyinfraCommand, Question | Write]] = []
        self._bytes = 0
        self._left: list[PyinfraCommand] = []
        self._results: deque[tuple[PyinfraCommand, bool, CommandOutput]] = deque()

    def begin(self) -> None:
        """Nothing waits yet; from now on who uses the connector has done first what waits.

        Up to the first change answers are kept, and what likely follows is asked with a question.
        """
        self._clear()
        self._connector.waiting = self
        if not self._connector.snapshot.is_open:
            self._connector.moment.open()

    def end(self) -> None:
        """Leave the connector alone."""
        self._connector.waiting = None
        self._connector.moment.close()

    def item_of(self, command: PyinfraCommand) -> Question | Write | None:
        """Return what the line can do in a command's place, or None where it cannot."""
        return doing_of(command, self._arguments_of(command))

    def has_room_for(self, item: Question | Write) -> bool:
        """Say whether a thing can be done in one frame with what waits."""
        if not self._items:
            return True
        return self._items[0][1].sudo is item.sudo and self._bytes + _size(item) <= LARGEST_BYTES

    def add(self, command: PyinfraCommand, item: Question | Write) -> None:
        """Have a command wait."""
        self._items.append((command, item))
        self._bytes += _size(item)

    def take(self) -> Iterator[PyinfraCommand]:
        """Do what waits, and yield it all, for pyinfra to run: what is done already is answered."""
        self._do()
        left, self._left = self._left, []
        yield from left

    def settle(self) -> None:
        """Called before anything else reaches the host: do what waits. Raise Refused for a failure.

        What the line did not do is done here in pyinfra's way, for its turn is now.
        """
        if not self._items:
            return
        self._do()
        while len(self._results) < len(self._left) and not self.has_failed:
            self._run(self._left[len(self._results)])
        if self.has_failed:
            raise Refused("a command before it has failed")

    def result_of(self, command: object) -> tuple[bool, CommandOutput] | None:
        """Return what has come of a command (an upload: its source), or None where it is to run."""
        if not self._results:
            return None
        done, succeeded, output = self._results[0]
        if done is not command and getattr(done, "src", None) is not command:
            return None
        self._results.popleft()
        return succeeded, output

    def _do(self) -> None:
        items, self._items, self._bytes = self._items, [], 0
        if not items:
            return
        self._left += [command for command, _ in items]
        answers = self._connector.do_in_order(tuple(item for _, item in items))
        for (command, _), answer in zip(items, answers, strict=False):
            output = output_of(answer)
            if answer.code in (NOT_HERE, NOT_RUN) or output is None:
                break
            self._note(command, answer.code == 0, output)

    def _run(self, command: PyinfraCommand) -> None:
        self._connector.waiting = None  # here it is neither to wait nor to be answered
        try:
            result = command.execute(self._host.state, self._host, self._arguments_of(command))
        finally:
            self._connector.waiting = self
        if isinstance(command, FileUploadCommand):
            result = bool(result), CommandOutput([])
        self._note(command, *result)

    def _note(self, command: PyinfraCommand, succeeded: bool, output: CommandOutput) -> None:
        self._results.append((command, succeeded, output))
        self.has_failed = self.has_failed or not succeeded

    def _arguments_of(self, command: PyinfraCommand) -> Any:
        return {**self._own, **command.connector_arguments}


def _size(item: Question | Write) -> int:
    return len(item.content) if isinstance(item, Write) else 0
