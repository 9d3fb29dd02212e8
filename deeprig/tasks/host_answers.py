"""Run a program of ``host/`` on the host in context, and read its one JSON answer."""

from __future__ import annotations

import base64
import json
import lzma
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.host import Host
from pyinfra.context import ctx_host

from deeprig.host_programs import build_archive
from deeprig.tasks.host_programs import PYTHON, program_words

#: Lines of what it printed on the way that an error shows.
_KEPT_LINES = 20
#: Sent along, not looked for: a plan changes nothing, so the programs need not be there yet.
#: xz, because one argument of a command holds 128 KiB (execve(2), MAX_ARG_STRLEN).
_SENT_ALONG = """
if [ ! -x {python} ]; then echo none; exit 0; fi
d=$(mktemp -d) && trap 'rm -rf "$d"' EXIT
printf %s "$1" | {python} -c 'import base64,lzma,sys
sys.stdout.buffer.write(lzma.decompress(base64.b64decode(sys.stdin.read())))' > "$d/host.pyz"
shift
{python} "$d/host.pyz" "$@"
""".replace("{python}", PYTHON)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program answered. ``document`` is empty when it gave no answer at all."""

    program: str
    is_good: bool
    document: dict[str, Any] = field(default_factory=dict)
    said: str = ""

    @property
    def problem(self) -> str:
        """Return what went wrong, for people: reason, evidence, what was put back, remedy."""
        if not self.document:
            return f"the {self.program} program gave no answer: {self.said}"
        found = self.document
        lines = [str(found.get("reason") or "it did not say why")]
        lines += [f"  {line}" for line in _lines(found.get("evidence"))]
        restored = found.get("restored")
        if restored:
            lines += _lines(restored if isinstance(restored, str) else restored.get("told"))
        if found.get("remedy"):
            lines.append(f"-> {found['remedy']}")
        return "\n".join(lines)


def run_host_program(
    program: str, *arguments: str, order: dict[str, Any] | None = None, timeout_seconds: int = 0
) -> Answer:
    """Run ``PROGRAM ARGUMENTS`` on the host, with an order on its standard input.

    Raise what a lost connection, or a host that says nothing for so long, raises in pyinfra.
    """
    host: Host = ctx_host.get()
    succeeded, output = host.run_shell_command(
        host_program_command(program, *arguments, order=order),
        _sudo=host.data.get("_sudo", False),
        _timeout=timeout_seconds or None,
    )
    said = "\n".join(output.stderr_lines[-_KEPT_LINES:])
    try:
        document = json.loads(output.stdout)
    except ValueError:
        return Answer(program, False, said="\n".join((output.stdout, said)).strip())
    if not isinstance(document, dict):
        return Answer(program, False, said=output.stdout.strip())
    return Answer(program, bool(succeeded), document, said)


def host_program_command(
    program: str, *arguments: str, order: dict[str, Any] | None = None
) -> StringCommand:
    """Return the shell command that runs a placed program."""
    words = [QuoteString(word) for word in program_words(program, *arguments)]
    if order is None:
        return StringCommand(*words)
    # printf is the shell's own: the order is in no process list.
    return StringCommand("printf", "%s", QuoteString(json.dumps(order)), "|", *words)


def sent_along(programs: Path, *arguments: str) -> StringCommand:
    """Return a command that brings the program which it runs: ``arguments`` begin with its name.

    It prints ``none`` where the host has no python3. ``programs`` is the controller's directory
    of ``deeprig_host``.
    """
    text = _packed(build_archive(programs, arguments[0]))
    words = [QuoteString(word) for word in (_SENT_ALONG, "sh", text, *arguments)]
    return StringCommand("sh", "-c", *words)


@lru_cache(maxsize=16)
def _packed(archive: bytes) -> str:
    """Return an archive as one word. Several facts of every host send the same one along."""
    return base64.b64encode(lzma.compress(archive, preset=6)).decode("ascii")


def _lines(told: Any) -> list[str]:
    if told is None:
        return []
    return str(told).splitlines() if isinstance(told, str) else [str(line) for line in told]
