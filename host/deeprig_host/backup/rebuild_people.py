"""Make the users and groups that a rebuilt machine lacks, with useradd(8) and its kin."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from deeprig_host.backup.rebuild_accounts import AccountPlan
from deeprig_host.backup.rebuild_environments import Made
from deeprig_host.backup.state_accounts import User
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused


def make_people(machine: Machine, plan: AccountPlan) -> Iterator[Made]:
    """Make groups, then users, then put them into groups. Raise Refused where one cannot be made.

    Users get no password: they come in with the keys in their homes, as before.
    """
    for group in plan.groups:
        _do(machine, "groupadd", "--gid", str(group.gid), "--", group.name)
        yield Made(f"group {group.name}", True, f"made with the number {group.gid}")
    for user in plan.users:
        _do(machine, "useradd", *_words(user), "--", user.name)
        yield Made(f"user {user.name}", True, f"made with the number {user.uid}, without password")
    for name, group_name in plan.memberships:
        _do(machine, "gpasswd", "--add", name, group_name)
        yield Made(f"user {name}", True, f"is in {group_name}")


def make_homes(machine: Machine, plan: AccountPlan) -> Iterator[Made]:
    """Make the homes of new users that the backup did not have. Raise OSError."""
    for user in plan.users:
        home = machine.path(user.home)
        if os.path.lexists(home):
            continue
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(mode=0o700)
        _hand_over(home, user)
        yield Made(f"home {user.home}", True, "made empty: the backup has none")


def _hand_over(home: Path, user: User) -> None:
    """Give the new directory to its user, and nothing that came into its place meanwhile.

    Below another person's directory that person can put a link there. Raise OSError.
    """
    descriptor = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fchown(descriptor, user.uid, user.gid)
    finally:
        os.close(descriptor)


def shells_missing(machine: Machine, plan: AccountPlan) -> tuple[str, ...]:
    """Return the users who cannot log in before their shell is installed."""
    return tuple(
        f"{user.name}: {user.shell} is not installed here"
        for user in plan.users
        if not Path(machine.path(user.shell)).exists()
    )


def _words(user: User) -> tuple[str, ...]:
    # The home comes from the backup; a skeleton's files would be newer than its.
    numbers = ("--uid", str(user.uid), "--gid", str(user.gid))
    return (*numbers, "--no-create-home", "--home-dir", user.home, "--shell", user.shell)


def _do(machine: Machine, *words: str) -> None:
    done = machine.run(*words)
    if not done.is_good:
        raise Refused(
            f"{words[0]} could not make {words[-1]}; no file was restored",
            evidence=done.tail(3),
            remedy="mend what it says, then rebuild again: it goes on where it was",
            outcome="failed",
        )
