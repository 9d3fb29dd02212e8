"""Run the driver program on the host and read its one JSON answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.host import Host
from pyinfra.context import ctx_host

from deeprig.tasks.host_programs import PROGRAMS

#: Lines of what it printed on the way that an error shows.
_KEPT_LINES = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What the program answered. ``document`` is empty when it gave no answer at all."""

    is_good: bool
    document: dict[str, Any] = field(default_factory=dict)
    said: str = ""

    @property
    def problem(self) -> str:
        """Return what went wrong, for people: reason, evidence, what was put back, remedy."""
        if not self.document:
            return f"the driver program gave no answer: {self.said}"
        found = self.document
        lines = [str(found.get("reason") or "it did not say why")]
        lines += [f"  {line}" for line in _lines(found.get("evidence"))]
        restored = found.get("restored")
        if restored:
            lines += _lines(restored if isinstance(restored, str) else restored.get("told"))
        if found.get("remedy"):
            lines.append(f"-> {found['remedy']}")
        return "\n".join(lines)


def run_driver(command: str, *arguments: str, order: dict[str, Any] | None = None) -> Answer:
    """Run ``driver COMMAND`` on the host in context, with an order on its standard input."""
    host: Host = ctx_host.get()
    succeeded, output = host.run_shell_command(
        driver_command(command, *arguments, order=order), _sudo=host.data.get("_sudo", False)
    )
    said = "\n".join(output.stderr_lines[-_KEPT_LINES:])
    try:
        document = json.loads(output.stdout)
    except ValueError:
        return Answer(False, said="\n".join((output.stdout, said)).strip())
    if not isinstance(document, dict):
        return Answer(False, said=output.stdout.strip())
    return Answer(bool(succeeded), document, said)


def driver_command(
    command: str, *arguments: str, order: dict[str, Any] | None = None
) -> StringCommand:
    """Return the shell command that runs ``driver COMMAND``."""
    words = [QuoteString(word) for word in ("python3", PROGRAMS, "driver", command, *arguments)]
    if order is None:
        return StringCommand(*words)
    # printf is the shell's own: the order is in no process list.
    return StringCommand("printf", "%s", QuoteString(json.dumps(order)), "|", *words)


def _lines(told: Any) -> list[str]:
    if told is None:
        return []
    return str(told).splitlines() if isinstance(told, str) else [str(line) for line in told]
