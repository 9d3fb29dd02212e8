"""Files with secrets: nobody else can read them at any moment, also when the run is cut.

pyinfra uploads as the login user to a name in /tmp that everybody can read, copies it as root, and
sets owner and mode after that, each in a round trip of its own.
"""

from __future__ import annotations

import base64
from collections.abc import Generator, Iterable
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

from pyinfra.api.command import FileUploadCommand, PyinfraCommand, QuoteString, StringCommand
from pyinfra.api.exceptions import OperationError
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.context import ctx_host
from pyinfra.operations import files

from deeprig.engine.operations import Step

Commands = Generator[PyinfraCommand, None, None]
_READ_BY_OTHERS = 0o004
_PROGRAM = Path(__file__).with_name("place_closed.sh")


def is_closed(mode: str) -> bool:
    """Say whether a mode (octal text) keeps a file from others."""
    return not int(mode, 8) & _READ_BY_OTHERS


@operation()
def closed_template(src: str, dest: str, mode: str, data: dict[str, Any]) -> Commands:
    """Have a rendered template that root owns, at no moment readable by others."""
    rendered = files.template._inner(
        src=src, dest=dest, user="root", group="root", mode=mode, **data
    )
    yield from closed(rendered, mode=mode)


def closed(commands: Iterable[PyinfraCommand], *, mode: str, group: str = "root") -> Commands:
    """Yield the commands of one files.put; what it uploads is placed in one step, closed.

    Root owns it. The step sets ``group`` and ``mode`` (octal text): what put has to do after the
    upload is dropped.
    """
    for command in commands:
        if isinstance(command, FileUploadCommand):
            yield _placing(command, mode, group)
            return
        yield command


def place_closed(host: Host, content: bytes, dest: str, mode: str, group: str = "root") -> None:
    """Write a file on the host, from one moment to the next. Raise OperationError if it fails.

    It goes over the connection's standard input: no other file holds it, and no command line.
    """
    words = ("sh", "-c", _PROGRAM.read_text(encoding="utf-8"), "deeprig-place")
    given = (dest, str(len(content)), f"root:{group}", mode)
    succeeded, output = host.run_shell_command(
        StringCommand(*(QuoteString(word) for word in (*words, *given))),
        _sudo=host.data.get("_sudo", False),
        _stdin=base64.encodebytes(content).decode().splitlines() or [""],
    )
    if not succeeded:
        told = f"{output.stdout}\n{output.stderr}".strip()
        raise OperationError(f"{dest} could not be written:\n{told}")


def _placing(upload: FileUploadCommand, mode: str, group: str) -> Step:
    def place() -> None:
        host: Host = ctx_host.get()
        place_closed(host, _content(upload), upload.dest, mode, group)

    place.__doc__ = f"upload {upload.dest}"
    return Step(place, writes=(upload,))


def _content(upload: FileUploadCommand) -> bytes:
    source = upload.src
    if isinstance(source, StringIO):
        return source.getvalue().encode()
    if isinstance(source, BytesIO):
        return source.getvalue()
    raise TypeError(f"{upload.dest} is uploaded from {type(source).__name__}")
