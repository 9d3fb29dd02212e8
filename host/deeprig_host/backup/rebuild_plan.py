"""What a rebuild is asked for, what it would do, and what came of it: frozen data."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deeprig_host.backup.compare import Finding, is_rebuilt
from deeprig_host.backup.rebuild_accounts import AccountPlan, OwnersBy
from deeprig_host.backup.rebuild_environments import Made
from deeprig_host.backup.rebuild_owners import Owners
from deeprig_host.backup.rebuild_packages import Lacking
from deeprig_host.backup.rebuild_places import Parted
from deeprig_host.backup.rebuild_source import Earlier
from deeprig_host.backup.restore import Restored
from deeprig_host.backup.rule import Overwrite
from deeprig_host.backup.snapshots import LATEST
from deeprig_host.backup.state_read import Environment, State


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: which machine, of which snapshot, and what may be done."""

    host: str
    snapshot: str = LATEST
    overwrite: Overwrite = "newer"
    owners_by: OwnersBy = "numbers"
    etc: tuple[str, ...] = ()
    with_packages: bool = False


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a rebuild would do; nothing is done yet."""

    found: Earlier
    accounts: AccountPlan
    parted: Parted
    #: The directory for what does not go back in its place.
    aside: str
    environments: tuple[Environment, ...]
    packages: Lacking
    shells: tuple[str, ...]
    #: Files in homes that are still a skeleton's.
    untouched: frozenset[str]

    @property
    def before(self) -> State:
        """Return what the machine was, with the numbers that its people have here."""
        return renumbered(self.found.state, self.accounts.owners)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was done, and how the machine is to what it was."""

    made: tuple[Made, ...]
    in_place: Restored | None
    aside: Restored | None
    findings: tuple[Finding, ...]

    @property
    def is_good(self) -> bool:
        """Say whether all is back: nothing failed, and no area that decides lacks anything."""
        restored = (one for one in (self.in_place, self.aside) if one is not None)
        return (
            all(one.is_good for one in self.made)
            and all(one.is_good for one in restored)
            and is_rebuilt(self.findings)
        )


def renumbered(state: State, owners: Owners) -> State:
    """Return a state with the numbers that its users and groups have on this machine."""
    users = tuple(
        replace(
            one, uid=owners.users.get(one.uid, one.uid), gid=owners.groups.get(one.gid, one.gid)
        )
        for one in state.users
    )
    groups = tuple(replace(one, gid=owners.groups.get(one.gid, one.gid)) for one in state.groups)
    return replace(state, users=users, groups=groups)
