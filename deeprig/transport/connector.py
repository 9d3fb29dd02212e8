"""pyinfra's SSH connector with one line kept open per host: what facts read goes over it.

Commands that may change something, and everything out of the ordinary, go pyinfra's own way over
the same connection. So does all of it where the line cannot be had.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from paramiko import SSHException
from pyinfra import logger
from pyinfra.api.command import StringCommand
from pyinfra.connectors.util import CommandOutput
from pyinfra.context import ctx_host
from typing_extensions import override

from deeprig.engine.connector import QuickSSHConnector
from deeprig.recheck.noted import Noted
from deeprig.transport.doing import write_of
from deeprig.transport.frames import Answer, Question, Write
from deeprig.transport.gathering import NotAhead, gathering_here
from deeprig.transport.line import Line, LineEnded
from deeprig.transport.questions import likely_next, output_of, question_of, succeeded
from deeprig.transport.reads import is_reading, mark_reads
from deeprig.transport.round_trips import RoundTrips
from deeprig.transport.snapshot import Snapshot


class Waits(Protocol):
    """An operation's commands that wait to be done together (deeprig.transport.together)."""

    def settle(self) -> None:
        """Do them now: something else is about to reach the host."""

    def result_of(self, command: object) -> tuple[bool, CommandOutput] | None:
        """Return what has come of one, or None where it is to be run."""


class LineConnector(QuickSSHConnector):
    """``@deeprig/host``: asks a host over an open line, and keeps answers while nothing changes."""

    @staticmethod
    def make_names_data(name: str) -> Any:
        """Yield the one host that a name stands for."""
        yield f"@deeprig/{name}", {"ssh_hostname": name}, []

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.snapshot = Snapshot()
        #: The same for one operation, where nothing was read ahead for it.
        self.moment = Snapshot()
        self.trips = RoundTrips()
        #: Where the answers are to be known at the next run: what this one has asked.
        self.noted: Noted | None = None
        #: The commands that wait while an operation is evaluated further.
        self.waiting: Waits | None = None
        self._lines: dict[bool, Line | None] = {}

    @override
    def connect(self) -> None:
        mark_reads()
        super().connect()
        self._lines = {}
        self.moment.close()
        self.snapshot.close()

    @override
    def disconnect(self) -> None:
        self.moment.close()
        self.snapshot.close()
        for line in self._lines.values():
            if line is not None:
                line.close()
        self._lines = {}
        super().disconnect()

    def begin_change(self) -> None:
        """Forget what was answered: the host may change now."""
        _refuse_ahead()
        self._settle()
        self.moment.close()
        self.snapshot.drop()
        self._spoil("something was done that is not reading")

    @override
    def run_shell_command(
        self, command: StringCommand, *arguments: Any, **options: Any
    ) -> tuple[bool, CommandOutput]:
        """Run a command; where a fact asks it, over the line."""
        done = self._done(command)
        if done is not None:
            return done
        if gathering_here() is None:
            self._settle()
        if not is_reading():
            self.begin_change()
        elif not _wants_print(arguments, options):
            connector_options = {k: v for k, v in options.items() if not k.startswith("print_")}
            known = self._read(command, connector_options)
            if known is not None:
                return known
        _refuse_ahead()
        self._spoil("something was asked that does not go over the line")
        self.trips.commands += 1
        return super().run_shell_command(command, *arguments, **options)

    @override
    def put_file(
        self,
        filename_or_io: Any,
        remote_filename: str,
        remote_temp_filename: str | None = None,
        print_output: bool = False,
        print_input: bool = False,
        **options: Any,
    ) -> bool:
        """Write a file on the host: over the line where that can, or else in pyinfra's way."""
        done = self._done(filename_or_io)
        if done is not None:
            return done[0]
        is_told = print_output or print_input
        write = None if is_told else write_of(filename_or_io, remote_filename, options)
        if write is not None and any(one.code == 0 for one in self.do_in_order((write,))):
            return True
        self.begin_change()
        self.trips.transfers += 1
        return super().put_file(
            filename_or_io,
            remote_filename,
            remote_temp_filename,
            print_output=print_output,
            print_input=print_input,
            **options,
        )

    @override
    def get_file(self, *arguments: Any, **options: Any) -> bool:
        self.begin_change()  # under sudo pyinfra makes a copy there first
        self.trips.transfers += 1
        return super().get_file(*arguments, **options)

    @override
    def rsync(self, *arguments: Any, **options: Any) -> Any:
        self.begin_change()
        self.trips.transfers += 1
        return super().rsync(*arguments, **options)

    def ask_together(self, questions: tuple[Question, ...]) -> tuple[Answer | None, ...]:
        """Return the answers to several questions; None for each that got none. Never raises."""
        answers: dict[Question, Answer] = {}
        asked = time.monotonic()
        for sudo in (True, False):
            mine = [question for question in questions if question.sudo is sudo]
            mine += [more for more in likely_next(mine) if self.snapshot.lacks(more)]
            try:
                answers.update(zip(mine, self._ask(tuple(mine)), strict=False))
            except (SSHException, OSError, EOFError) as error:
                # Nobody depends on this: who needs an answer asks again, and meets the reason.
                logger.debug("%s: not asked ahead: %s", self.host.name, error)
        for question, answer in answers.items():
            if answer.code == 0:
                self.snapshot.keep(question, answer, asked=asked)
        return tuple(answers.get(question) for question in questions)

    def do_in_order(self, items: tuple[Question | Write, ...]) -> tuple[Answer, ...]:
        """Do things of one privilege one after the other, up to the first that fails.

        Return how each ended, or nothing where the line cannot be had: then any of them may have
        been done. Raise where the connection is lost.
        """
        self.begin_change()
        return self._over_line(items, lambda line: line.do(items))

    def _settle(self) -> None:
        if self.waiting is not None:
            self.waiting.settle()

    def _done(self, command: object) -> tuple[bool, CommandOutput] | None:
        return self.waiting.result_of(command) if self.waiting is not None else None

    def _read(
        self, command: StringCommand, options: dict[str, Any]
    ) -> tuple[bool, CommandOutput] | None:
        question = question_of(command, options)
        if question is None:
            return None
        kept = self.snapshot.find(question) or self.moment.find(question)
        asked = time.monotonic()
        answer = kept or self._answer(question)
        output = output_of(answer) if answer is not None else None
        if answer is None or output is None:
            return None
        if self.noted is not None and gathering_here() is None:
            self.noted.note(question, answer)
            self._spoil_reader()
        is_good = succeeded(answer, options)
        if is_good and kept is None:  # one that was kept grows old, however often it is used
            self.snapshot.keep(question, answer, asked=asked)
            self.moment.keep(question, answer, asked=asked)
        if not is_good and gathering_here() is not None:
            raise NotAhead("it failed")
        return is_good, output

    def _spoil_reader(self) -> None:
        """Spoil what is noted of a host whose role asks this one: its own answers are not all."""
        reader = ctx_host.get() if ctx_host.isset() else self.host
        noted = getattr(reader.connector, "noted", None)
        if reader.name != self.host.name and noted is not None:
            noted.spoil(f"a role asked another host, {self.host.name}")

    def _spoil(self, reason: str) -> None:
        if self.noted is not None:
            self.noted.spoil(reason)

    def _answer(self, question: Question) -> Answer | None:
        """Return the answer of the host, now or together with those that read ahead."""
        gathering = gathering_here()
        if gathering is not None:
            return gathering.ask(question)
        if not self.moment.is_open:
            return next(iter(self._ask((question,))), None)
        more = [one for one in likely_next((question,)) if self.moment.lacks(one)]
        asked = time.monotonic()
        answers = self._ask((question, *more))
        for one, answer in zip(more, answers[1:], strict=False):
            if answer.code == 0:
                self.moment.keep(one, answer, asked=asked)
        return next(iter(answers), None)

    def _ask(self, questions: tuple[Question, ...]) -> tuple[Answer, ...]:
        """Return the answers, or none where the line cannot be had. Raise where all is lost."""
        return self._over_line(questions, lambda line: line.ask(questions))

    def _over_line(
        self,
        items: Sequence[Question | Write],
        exchange: Callable[[Line], tuple[Answer, ...]],
    ) -> tuple[Answer, ...]:
        line = self._line(sudo=items[0].sudo) if items else None
        if line is None:
            return ()
        try:
            answers = exchange(line)
        except LineEnded as error:
            self._give_up(items[0].sudo, error)
            return ()
        self.trips.frames += 1
        self.trips.questions += len(items)
        return answers

    def _line(self, *, sudo: bool) -> Line | None:
        if sudo not in self._lines:
            transport = self.client.get_transport() if self.client is not None else None
            if transport is None:
                return None
            try:
                self.trips.lines += 1
                self._lines[sudo] = Line(transport, sudo=sudo, password=self._password())
            except LineEnded as error:
                self._give_up(sudo, error)
        return self._lines[sudo]

    def _password(self) -> str | None:
        prompted = self.host.connector_data.get("prompted_sudo_password")
        return self.state.config.SUDO_PASSWORD or prompted or None

    def _give_up(self, sudo: bool, error: LineEnded) -> None:
        if not self._answers():
            raise self._lose(None) from error
        self._lines[sudo] = None
        self.trips.without_line = str(error)
        logger.debug("%s: no line to the host, one command at a time: %s", self.host.name, error)


def _refuse_ahead() -> None:
    if gathering_here() is not None:
        raise NotAhead("only in its turn")


def _wants_print(arguments: tuple[Any, ...], options: dict[str, Any]) -> bool:
    return any(arguments) or bool(options.get("print_output") or options.get("print_input"))
