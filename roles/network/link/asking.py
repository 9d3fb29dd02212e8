"""Ask the host: commands with an answer in JSON, and small programs that its python3 runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

from deeprig.tasks.host_programs import PYTHON

#: The last characters of an answer that was none.
_KEPT_CHARACTERS = 600
_PROGRAMS = Path(__file__).parent / "on_host"


class Unreadable(Exception):
    """The host's answer is none: what was asked for stays unknown."""


class Answer(Protocol):
    """What a command said."""

    @property
    def rc(self) -> int:
        """Return its exit status."""

    @property
    def stdout(self) -> str:
        """Return its standard output."""

    @property
    def stderr(self) -> str:
        """Return its standard error."""


class Asked(Protocol):
    """A host that runs commands as root: testinfra's, or a test's."""

    def run(self, command: str, *arguments: str) -> Answer:
        """Run a command; ``%s`` in it are the arguments, quoted for the shell."""


def run_json(host: Asked, command: str, *arguments: str) -> Any:
    """Return the JSON that a command prints. Raise Unreadable when it fails or prints none."""
    return json_of(host.run(command, *arguments), command % arguments)


def json_of(done: Answer, command: str) -> Any:
    """Return the JSON that a command printed. Raise Unreadable when it failed or printed none."""
    if done.rc != 0:
        raise Unreadable(f"{command}: exit {done.rc}: {said(done)}")
    try:
        return json.loads(done.stdout or "[]")
    except ValueError:
        raise Unreadable(f"{command} printed no JSON: {said(done)}") from None


def run_program(host: Asked, name: str, *arguments: str) -> dict[str, Any]:
    """Run a program of ``on_host/``; return its answer. Raise Unreadable when it gives none."""
    source = (_PROGRAMS / f"{name}.py").read_text(encoding="utf-8")
    places = " ".join(["%s"] * len(arguments))
    done = host.run(f"{PYTHON} -c %s {places}", source, *arguments)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = None
    if done.rc != 0 or not isinstance(answer, dict):
        raise Unreadable(f"the {name} probe gave no answer (exit {done.rc}): {said(done)}")
    return answer


def said(done: Answer) -> str:
    """Return the end of what a command that failed said."""
    return (done.stderr or done.stdout).strip()[-_KEPT_CHARACTERS:] or "nothing was said"
