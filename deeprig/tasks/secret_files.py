"""Files of a host whose text is a secret: one of them as data, and the operation that places it."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO

from pydantic import SecretStr
from pyinfra.api.operation import operation
from pyinfra.operations import files

from deeprig.tasks.closed_files import Commands, closed


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A file and its text, which nothing shows by accident; ``group`` may read it where it says."""

    path: str
    text: SecretStr
    group: str = "root"

    @property
    def mode(self) -> str:
        """Return its mode, as octal text."""
        return "600" if self.group == "root" else "640"


@operation()
def closed_file(file: SecretFile) -> Commands:
    """Have a file that at no moment others can read."""
    put = files.put._inner(
        src=StringIO(file.text.get_secret_value()),
        dest=file.path,
        user="root",
        group=file.group,
        mode=file.mode,
    )
    yield from closed(put, mode=file.mode, group=file.group)
