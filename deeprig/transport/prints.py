"""What an answer depends on, where that is cheaper to look at than to ask again.

A *print* is a digest of the states of some files (type, owner, mode, size, inode, time of content,
time of status; not what is in them), made by the far side. While it stays the same, a command that
reads nothing else would answer the same. It is used by rechecks (docs/recheck.md), never by a run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pyinfra.api.command import StringCommand
from pyinfra.facts.deb import DebPackages
from pyinfra.facts.server import Groups, Users

#: Who names the shell of a question so asks for a print; the text is a line for each place.
PRINT_SHELL = "print"
#: When somebody logged in last is in the answer of this fact too; no operation looks at it.
_USERS = ("users", "stat /etc/passwd", "stat /etc/group", "stat /etc/shadow")
_PYINFRAS = {
    str(Users().command()): _USERS,
    str(Groups().command()): ("users", "stat /etc/group"),
    # As pyinfra asks for what a fact's program may not be there for.
    f"if command -v dpkg >/dev/null 2>&1; then ( {DebPackages().command()} ); "
    "else echo '##PYINFRA_NOCMD##'; fi": (
        *("stat /usr/bin/dpkg", "stat /var/lib/dpkg/status", "tree /var/lib/dpkg/updates"),
    ),
}
#: Variables before a command are the same in every run: they are in its text.
_EXPORTS = re.compile(r"export (?:[A-Z_]+=[\w/.:-]*\s+)+&&\s+")
_known: dict[str, str] = {}
#: What a host's file system may round a time to, and more.
_MARGIN_SECONDS = 1.0
#: A controller's process asks some hundred questions; a long-lived one forgets all, and asks them.
_MOST = 10_000


def depends_on(command: StringCommand, *places: str) -> StringCommand:
    """Say what the answer of a fact's command depends on, and return the command.

    A place is ``stat PATH`` (one thing, or that nothing is there), ``tree PATH`` (and all below) or
    ``unit NAME`` (the processes of a running service, and when they started).
    """
    if len(_known) >= _MOST:
        _known.clear()
    if not any("\n" in place for place in places):
        _known[command.get_raw_value()] = "\n".join(places)
    return command


def places_of(text: str) -> str:
    """Return the places that an answer depends on, a line for each; "" where nobody said so."""
    exports = _EXPORTS.match(text)
    plain = text[exports.end() :] if exports else text
    theirs = _PYINFRAS.get(plain)
    return "\n".join(theirs) if theirs is not None else _known.get(plain, "")


def is_settled(answer: bytes, elapsed_seconds: float) -> str:
    """Return the digest of a print if nothing in it is younger than ``elapsed_seconds``; else "".

    Then it is the print of that time too: whatever changed since would be younger.
    """
    words: Iterable[bytes] = answer.split()
    try:
        made, newest, now = words
        is_older = float(newest) < float(now) - elapsed_seconds - _MARGIN_SECONDS
    except ValueError:  # none could be made
        return ""
    return made.decode("ascii", "replace") if is_older else ""
