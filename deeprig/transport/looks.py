"""Commands whose answer the far side knows how to give without starting a process.

Which they are is read off pyinfra's own facts: only a command that is, letter for letter, what such
a fact runs for a plain path is looked at there. Everything else is run.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from pyinfra.api.command import StringCommand
from pyinfra.facts.files import File, Md5File, Sha1File, Sha256File
from pyinfra.facts.server import AuthorizedKeys, Groups, Os, Users

#: A path that no shell, and no stat(1), writes in another way.
_PLAIN = re.compile(r"/[A-Za-z0-9_./@:+,=-]*")
_PATH = re.compile(r"test -e (\S+) (\|\||&&) ")
#: By the first program of a digest's command.
_DIGESTS = {"sha1sum": Sha1File, "sha256sum": Sha256File, "md5sum": Md5File}
_DIGEST = re.compile(r"&& \( (\w+) ")


def look_of(text: str) -> str:
    """Return what a command looks at, as ``stat PATH`` or ``sha1 PATH``; "" if it must be run."""
    found = _PATH.search(text[:2000])
    if found is None or not _PLAIN.fullmatch(found[1]):
        return ""
    path = found[1]
    if text == stat_command(path):
        return f"stat {path}"
    program = _DIGEST.search(text)
    fact = _DIGESTS.get(program[1]) if program else None
    if program is None or fact is None or text != _raw(fact().command(path)):
        return ""
    return f"{program[1].removesuffix('sum')} {path}"


def next_texts(text: str) -> Iterator[str]:
    """Yield what is likely to be asked after a command, so that it can go along.

    That is a file's directory and content, the keys in a user's .ssh, groups beside users.
    """
    look, _, path = look_of(text).partition(" ")
    if look == "stat":
        yield stat_command(posixpath.dirname(path))
        yield _raw(Sha1File().command(path))
    if look == "stat" and posixpath.basename(path) == ".ssh":
        keys = f"{path}/authorized_keys"
        yield from (stat_command(keys), _raw(AuthorizedKeys().command("", keys)))
    if text == Users().command():
        yield from (Groups().command(), Os().command())


def stat_command(path: str) -> str:
    """Return what pyinfra's facts of files, directories, links and sockets run."""
    return _raw(File().command(path))


def _raw(command: StringCommand) -> str:
    return command.get_raw_value()
