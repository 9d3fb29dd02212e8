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
#: What pyinfra's facts of units, and ours, run: one value for each word of the look.
_PYINFRA_UNITS = re.compile(
    r"if command -v systemctl >/dev/null 2>&1; then "
    r"\( systemctl show --all --property Id --property (SubState|UnitFileState) ([^'\"]+) \); "
    r"else echo '##PYINFRA_NOCMD##'; fi"
)
_OUR_UNITS = re.compile(r"systemctl show --property=([A-Za-z,]+) ([^'\"]+)")
_UNIT = re.compile(r"[A-Za-z0-9@_:.-]+\.(?:service|timer|path|socket|mount|target)")
#: Properties of one line, whatever they hold.
_ONE_LINE = {"Id", "LoadState", "ActiveState", "SubState", "UnitFileState", "NeedDaemonReload"}


def look_of(text: str) -> str:
    """Return what a command looks at: ``stat PATH``, ``sha1 PATH``, or values of units.

    Those are ``units KEYS UNIT ...``, or ``units-all`` where empty values are told too. "" is a
    command that must be run.
    """
    if "systemctl show " in text[:100]:
        return _look_of_units(text)
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


def _look_of_units(text: str) -> str:
    """Return the look of a command that shows values of units, "" if it must be run."""
    theirs, ours = _PYINFRA_UNITS.fullmatch(text), _OUR_UNITS.fullmatch(text)
    if theirs is not None:
        kind, keys, units = "units-all", f"Id,{theirs[1]}", theirs[2].split(" ")
    elif ours is not None:
        kind, keys, units = "units", ours[1], ours[2].split(" ")
    else:
        return ""
    if not (set(keys.split(",")) <= _ONE_LINE and all(map(_UNIT.fullmatch, units))):
        return ""
    return " ".join((kind, keys, *units))


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
