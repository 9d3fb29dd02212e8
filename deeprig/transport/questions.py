"""Commands as questions to the line, and its answers as pyinfra's connectors give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyinfra.api.command import StringCommand
from pyinfra.connectors.util import CommandOutput, OutputLine, make_unix_command

from deeprig.transport.frames import Answer, Question
from deeprig.transport.looks import next_texts

#: What the line can do as pyinfra would: anything else that is set goes pyinfra's own way.
_UNDERSTOOD = {"_sudo", "_sudo_password", "_env", "_chdir", "_shell_executable"}
#: pyinfra's connectors use these for other things than the command, or not at all.
_WITHOUT_EFFECT = {"_success_exit_codes", "_retries", "_retry_delay", "_retry_until", "_temp_dir"}


def question_of(command: StringCommand | str, arguments: Mapping[str, Any]) -> Question | None:
    """Return the question that has the command's effect, or None where only pyinfra's way has."""
    shell = arguments.get("_shell_executable", "sh")
    others = set(arguments) - _UNDERSTOOD - _WITHOUT_EFFECT
    if not isinstance(shell, str) or any(arguments[name] for name in others):
        return None
    made = make_unix_command(
        command if isinstance(command, StringCommand) else StringCommand(command),
        _env=arguments.get("_env"),
        _chdir=arguments.get("_chdir"),
        _shell_executable=None,
    )
    return Question(shell, made.get_raw_value(), bool(arguments.get("_sudo")))


def likely_next(questions: Sequence[Question]) -> tuple[Question, ...]:
    """Return what those who ask these will probably ask next, each once."""
    asked = set(questions)
    more = (
        Question(question.shell, text, question.sudo)
        for question in questions
        if question.shell == "sh"
        for text in next_texts(question.text)
    )
    return tuple(dict.fromkeys(question for question in more if question not in asked))


def output_of(answer: Answer) -> CommandOutput | None:
    """Return the output as pyinfra reads it, or None where that is not UTF-8."""
    try:
        return CommandOutput(
            [
                *(OutputLine("stdout", line) for line in _lines(answer.output)),
                *(OutputLine("stderr", line) for line in _lines(answer.errors)),
            ]
        )
    except UnicodeDecodeError:
        return None


def succeeded(answer: Answer, arguments: Mapping[str, Any]) -> bool:
    """Say whether the command's exit code is a good one."""
    return answer.code in (arguments.get("_success_exit_codes") or (0,))


def _lines(output: bytes) -> list[str]:
    lines = output.decode("utf-8").split("\n")
    return lines if lines[-1] else lines[:-1]
