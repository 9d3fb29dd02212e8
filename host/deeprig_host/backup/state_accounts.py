"""Users and groups of /etc/passwd and /etc/group (passwd(5), group(5)); never a password's hash."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from deeprig_host.backup.state_part import Part, PartFailed, StateFile, read_text
from deeprig_host.machine.commands import Machine

ACCOUNTS = "accounts.json"
PASSWD, GROUP = "/etc/passwd", "/etc/group"


@dataclass(frozen=True, slots=True)
class User:
    """A user of this host."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str

    @property
    def is_person(self) -> bool:
        """Say whether it is root or somebody's, not a package's (Debian policy 9.2.2)."""
        return is_of_people(self.uid)


@dataclass(frozen=True, slots=True)
class Group:
    """A group of this host."""

    name: str
    gid: int
    members: tuple[str, ...]

    @property
    def is_of_people(self) -> bool:
        """Say whether its number was given to people, not to a package."""
        return is_of_people(self.gid)


def is_of_people(number: int) -> bool:
    """Say whether a number is root's or one that people get."""
    return number == 0 or 1000 <= number < 60_000


def accounts_part(machine: Machine) -> Part:
    """Return the part."""
    return Part("accounts", lambda: _files(machine))


def _files(machine: Machine) -> tuple[StateFile, ...]:
    groups = sorted(_groups(machine), key=lambda group: group.name)
    told = {
        "users": [asdict(user) for user in sorted(users(machine), key=lambda user: user.name)],
        "groups": [asdict(group) for group in groups],
    }
    return (StateFile(ACCOUNTS, (json.dumps(told, indent=1) + "\n").encode()),)


def users(machine: Machine) -> tuple[User, ...]:
    """Return the users in the file's order. Raise PartFailed, OSError where it cannot be read."""
    return tuple(
        User(name, _number(PASSWD, uid), _number(PASSWD, gid), home, shell)
        for name, _, uid, gid, _, home, shell in _lines(machine, PASSWD, 7)
    )


def _groups(machine: Machine) -> tuple[Group, ...]:
    return tuple(
        Group(name, _number(GROUP, gid), tuple(part for part in members.split(",") if part))
        for name, _, gid, members in _lines(machine, GROUP, 4)
    )


def _lines(machine: Machine, path: str, fields: int) -> Iterator[list[str]]:
    text = read_text(machine.path(path))
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith(("+", "-")):  # NIS: asked elsewhere
            continue
        found = line.split(":")
        if len(found) != fields:
            # The line itself is not told: a hash may stand in it.
            raise PartFailed(f"{path}:{number}: not {fields} fields; run pwck and grpck")
        yield found


def _number(path: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise PartFailed(f"{path}: {text[:20]!r} is no number; run pwck and grpck") from None
