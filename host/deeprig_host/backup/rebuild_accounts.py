"""Which users and groups a rebuilt machine lacks, and what their numbers are there. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from deeprig_host.backup.rebuild_owners import Owners
from deeprig_host.backup.state_accounts import Group, User
from deeprig_host.backup.state_read import State
from deeprig_host.machine.refusal import Refused

#: What is done where a number of the backup is another's here: nothing is rebuilt (files on other
#: machines, such as NFS, may count on the numbers), or files are handed over by name.
OwnersBy = Literal["numbers", "names"]
OWNERS_BY: tuple[OwnersBy, ...] = ("numbers", "names")
#: Whoever is in them can become root: the inventory gives that, a backup never does.
ROOTLIKE = frozenset(
    {"root", "sudo", "admin", "wheel", "docker", "lxd", "incus-admin", "libvirt", "kvm"}
    | {"disk", "shadow", "kmem", "adm", "systemd-journal"}
)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*\$?")
_PLACE = re.compile(r"/[^:,\x00-\x1f]*")
_FIRST, _LAST = 1000, 59_999


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """What is to be made: groups and users with their numbers here, and who is to be in what.

    ``owners`` are the numbers of the backup that are others here, and ``withheld`` what is left to
    the inventory: pairs of user and group.
    """

    groups: tuple[Group, ...]
    users: tuple[User, ...]
    memberships: tuple[tuple[str, str], ...]
    withheld: tuple[tuple[str, str], ...]
    owners: Owners


def plan_accounts(before: State, here: State, owners_by: OwnersBy) -> AccountPlan:
    """Return what a machine lacks of the people of an earlier one.

    Raise Refused, naming every one, where a number is another's and files are to keep theirs.
    """
    _check_told(before, here)
    groups = _Numbers(
        "group",
        {one.name: one.gid for one in before.groups},
        {one.name: one.gid for one in here.groups},
        {one.name for one in before.groups if one.is_of_people},
    )
    users = _Numbers(
        "user",
        {one.name: one.uid for one in before.users},
        {one.name: one.uid for one in here.users},
        {one.name for one in before.users if one.is_person},
    )
    clashes = (*groups.clashes(), *users.clashes())
    if clashes and owners_by == "numbers":
        raise Refused(
            "numbers of users or groups of the backup are others' on this machine",
            evidence=clashes,
            remedy="give them here the numbers of the backup (usermod --uid, groupmod --gid), or "
            "have the files handed over by name: --owners names",
        )
    owners = Owners(users.moved(), groups.moved())
    made = tuple(_user(one, users, owners) for one in before.users if one.name in users.missing)
    given, withheld = _memberships(before, here, users.of_people)
    return AccountPlan(
        tuple(Group(name, groups.number(name), ()) for name in groups.missing),
        made,
        tuple(given),
        tuple(withheld),
        owners,
    )


class _Numbers:
    """The numbers of users, or of groups, in the backup and here."""

    def __init__(
        self,
        what: str,
        before: Mapping[str, int],
        here: Mapping[str, int],
        of_people: Collection[str],
    ) -> None:
        self.what, self.before, self.here = what, before, here
        self.of_people = frozenset(of_people)
        self.missing = tuple(name for name in before if name in of_people and name not in here)
        self._holders = {number: name for name, number in here.items()}
        self._given: dict[str, int] = {}
        for name in self.missing:
            self._given[name] = self._free(before[name])

    def _free(self, wanted: int) -> int:
        taken = {*self._holders, *self._given.values()}
        if wanted not in taken:
            return wanted
        taken |= set(self.before.values())
        return next(one for one in range(_FIRST, _LAST + 1) if one not in taken)

    def number(self, name: str) -> int:
        """Return the number that a name has here, or will have."""
        return self._given[name] if name in self._given else self.here[name]

    def clashes(self) -> Iterator[str]:
        """Yield each name of a person whose number in the backup cannot be the one here."""
        for name in sorted(self.of_people):
            was = self.before[name]
            if name in self.here and self.here[name] != was:
                yield f"{self.what} {name} has the number {self.here[name]} here, and had {was}"
            elif name in self._given and self._given[name] != was:
                holder = self._holders.get(was, "another of the backup")
                yield f"{self.what} {name} had the number {was}, which is {holder}'s here"

    def moved(self) -> dict[int, int]:
        """Return the numbers that are others here, those of services too: they follow the name."""
        known = {name: self.number(name) for name in self.before if name in self._all}
        # Two names of one number (root and toor) are one owner: the first one's.
        first: dict[int, int] = {}
        for name, number in known.items():
            first.setdefault(self.before[name], number)
        return {old: new for old, new in first.items() if old != new}

    @property
    def _all(self) -> set[str]:
        return {*self.here, *self._given}


def _check_told(before: State, here: State) -> None:
    for when, state in (("the backup", before), ("this machine", here)):
        if "accounts" in state.unknown:
            raise Refused(
                f"the users of {when} are not known",
                evidence=(state.unknown["accounts"],),
                remedy="take another snapshot with --snapshot, or restore by `backup restore`",
            )


def _user(user: User, users: _Numbers, owners: Owners) -> User:
    """Return a user as it will be here. Raise Refused on what useradd(8) must not be given."""
    is_sane = _NAME.fullmatch(user.name) and all(map(_PLACE.fullmatch, (user.home, user.shell)))
    if not is_sane or ".." in user.home.split("/"):
        raise Refused(
            f"user {user.name!r} of the backup is not one that can be made",
            evidence=(f"home {user.home!r}, shell {user.shell!r}",),
            remedy="make the user by hand, with the same number, then go on",
        )
    gid = owners.groups.get(user.gid, user.gid)
    return User(user.name, users.number(user.name), gid, user.home, user.shell)


def _memberships(
    before: State, here: State, people: frozenset[str]
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return who lacks which group, and those of them that only the inventory may give."""
    now = {(user, group.name) for group in here.groups for user in group.members}
    known = {group.name for group in here.groups} | ROOTLIKE
    there = known | {group.name for group in before.groups if group.is_of_people}
    lacking = [
        (user, group.name)
        for group in before.groups
        for user in group.members
        if user in people and group.name in there and (user, group.name) not in now
    ]
    given = [pair for pair in lacking if pair[1] not in ROOTLIKE]
    return given, [pair for pair in lacking if pair[1] in ROOTLIKE]
