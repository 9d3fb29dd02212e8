"""Compare the users and groups of two states."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from deeprig_host.backup.state_accounts import Group, User
from deeprig_host.backup.state_read import State


@dataclass(frozen=True, slots=True)
class AccountFinding:
    """How a user or a group of the earlier state is in the later one."""

    name: str
    is_group: bool
    is_of_people: bool
    verdict: Literal["same", "different", "missing", "extra"]
    detail: str = ""


def account_differences(before: State, after: State) -> Iterator[AccountFinding]:
    """Yield a finding of each user and each group."""
    yield from _users(before, after)
    yield from _groups(before, after)


def _users(before: State, after: State) -> Iterator[AccountFinding]:
    old = {user.name: user for user in before.users}
    new = {user.name: user for user in after.users}
    for name in sorted({*old, *new}):
        of_people = (old.get(name) or new[name]).is_person
        if name not in new:
            yield AccountFinding(name, False, of_people, "missing")
        elif name not in old:
            yield AccountFinding(name, False, of_people, "extra")
        else:
            detail = "; ".join(_user_differences(before, after, old[name], new[name]))
            yield AccountFinding(name, False, of_people, "different" if detail else "same", detail)


def _user_differences(before: State, after: State, old: User, new: User) -> Iterator[str]:
    for field in ("uid", "gid", "home", "shell"):
        was, is_now = getattr(old, field), getattr(new, field)
        if was != is_now:
            yield f"{field} is {is_now}, was {was}"
    lacking = sorted(_memberships(before, old.name) - _memberships(after, new.name))
    if lacking:
        yield f"no longer in {', '.join(lacking)}"


def _memberships(state: State, user: str) -> set[str]:
    return {group.name for group in state.groups if user in group.members}


def _groups(before: State, after: State) -> Iterator[AccountFinding]:
    """Yield findings of groups; who is in them is told of the users."""
    old = {group.name: group for group in before.groups}
    new = {group.name: group for group in after.groups}
    for name in sorted({*old, *new}):
        of_people = (old.get(name) or new[name]).is_of_people
        if name not in new:
            yield AccountFinding(name, True, of_people, "missing")
        elif name not in old:
            yield AccountFinding(name, True, of_people, "extra")
        else:
            yield _group(old[name], new[name], of_people)


def _group(old: Group, new: Group, of_people: bool) -> AccountFinding:
    if old.gid == new.gid:
        return AccountFinding(old.name, True, of_people, "same")
    detail = f"gid is {new.gid}, was {old.gid}"
    return AccountFinding(old.name, True, of_people, "different", detail)
