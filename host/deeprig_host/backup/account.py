"""The user whose files are restored: where the home is, and whose number the files must have."""

from __future__ import annotations

from dataclasses import dataclass

from deeprig_host.backup.snapshots import Node
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine."""

    name: str
    uid: int
    home: str


def account_of(machine: Machine, name: str) -> Account:
    """Return the user of a name, as getent(1) knows it. Raise Refused where there is none."""
    done = machine.run("getent", "passwd", name)
    fields = done.out.strip().split(":")
    if not done.is_good or len(fields) != 7 or fields[0] != name or not fields[2].isdigit():
        raise Refused(
            f"there is no user {name!r} on this machine",
            evidence=done.tail(2),
            remedy="create the user first (`deeprig apply`), or restore by --include PATH",
        )
    return Account(name, int(fields[2]), fields[5])


def check_owner(account: Account, home: Node | None) -> None:
    """Raise Refused where the files of a snapshot would belong to somebody else here.

    A machine that was built anew may have given the user another number.
    """
    if home is not None and home.uid != account.uid:
        raise Refused(
            f"{account.home} belongs to user number {home.uid} in the snapshot, "
            f"and {account.name} has the number {account.uid} here",
            remedy=f"give {account.name} the number {home.uid} (usermod --uid), or restore to "
            "another place with --target and hand the files over (chown)",
        )
