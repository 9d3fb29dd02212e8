"""Unified diffs of the files a plan would write, with secrets masked."""

from __future__ import annotations

import difflib
from io import BytesIO, StringIO
from pathlib import Path
from typing import IO, Any

from pyinfra.api.command import FileUploadCommand, QuoteString, StringCommand
from pyinfra.api.facts import FactBase
from pyinfra.api.host import Host

from deeprig.masking import MASK, Masker
from deeprig.report.model import FileDiff

#: Larger files are compared by size only: a plan is read by people.
_LARGEST_BYTES = 256 * 1024
_PRIVATE_MODES = ("600", "400", "640", "440", "660")


class SmallTextFile(FactBase[tuple[str, tuple[str, ...]] | None]):
    """Mode and lines of a file on the host; None where there is no such (small) file."""

    def command(self, path: str, largest_bytes: int = _LARGEST_BYTES) -> StringCommand:
        """Return a command that prints the mode, then the content, of a small regular file."""
        file = QuoteString(path)
        return StringCommand(
            "if", "[", "-f", file, "]", "&&", "[", '"$(stat -Lc %s', file, ')"',
            "-le", str(largest_bytes), "];", "then", "stat", "-Lc", "%a", file, "&&",
            "cat", file, ";", "fi",
        )  # fmt: skip

    @staticmethod
    def default() -> None:
        """Return None: no such file."""
        return

    def process(self, output: list[str]) -> tuple[str, tuple[str, ...]]:
        """Return (octal mode, lines)."""
        return output[0].strip(), tuple(output[1:])


def upload_diff(host: Host, command: FileUploadCommand, masker: Masker) -> FileDiff:
    """Return what an upload would change in the file on the host."""
    new = _content(command.src)
    if new is None or "\0" in new:
        return FileDiff(command.dest, f"binary or large file {command.dest}: no diff")
    old = host.get_fact(SmallTextFile, path=command.dest)
    mode, old_lines = old if old is not None else ("", ())
    text = unified(command.dest, old_lines, tuple(new.splitlines()), exists=old is not None)
    hide_old = mode in _PRIVATE_MODES or masker.holds_secret(new)
    return FileDiff(command.dest, masked_diff(text, masker, hide_old=hide_old))


def unified(path: str, old: tuple[str, ...], new: tuple[str, ...], *, exists: bool) -> str:
    """Return a unified diff of lines, against /dev/null where there is no old file."""
    before = path if exists else "/dev/null"
    return "\n".join(difflib.unified_diff(old, new, before, path, lineterm=""))


def masked_diff(text: str, masker: Masker, *, hide_old: bool) -> str:
    """Mask secrets in a diff.

    An old secret is not known to us, only that the file holds some: then lines that would go
    away, or surround the change, are hidden wholly.
    """
    lines = []
    for line in text.splitlines():
        is_header = line.startswith(("---", "+++", "@@"))
        if hide_old and not is_header and line.startswith(("-", " ")):
            lines.append(f"{line[0]}{MASK}")
        else:
            lines.append(masker(line))
    return "\n".join(lines)


def _content(source: str | IO[Any]) -> str | None:
    """Return the text of what would be uploaded; None for a large or binary file."""
    if isinstance(source, StringIO):
        return source.getvalue()
    if isinstance(source, BytesIO):
        data = source.getvalue()
    elif isinstance(source, str):
        path = Path(source)
        if path.stat().st_size > _LARGEST_BYTES:
            return None
        data = path.read_bytes()
    else:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
