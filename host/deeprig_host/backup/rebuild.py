"""Bring a dead machine back on a new one that ``deeprig apply`` has made.

What is declared is apply's. This brings what was not: people's numbers, data, the environments and
packages that they chose by hand; then it says, area by area, whether the machine is what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from deeprig_host.backup.compare import compare
from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.reading import read_nodes
from deeprig_host.backup.rebuild_accounts import AccountPlan, plan_accounts
from deeprig_host.backup.rebuild_aside import ASIDE, aside_of
from deeprig_host.backup.rebuild_environments import Made, Remaking
from deeprig_host.backup.rebuild_packages import install, lacking
from deeprig_host.backup.rebuild_people import make_homes, make_people, shells_missing
from deeprig_host.backup.rebuild_places import Parted, is_asked, part, places_of, why_never
from deeprig_host.backup.rebuild_plan import Foreseen, Order, Rebuilt
from deeprig_host.backup.rebuild_skeleton import untouched
from deeprig_host.backup.rebuild_source import Earlier, earlier
from deeprig_host.backup.restic import Restic
from deeprig_host.backup.restore import Restored, Source, Wish, plan, restore, survey
from deeprig_host.backup.snapshots import Node
from deeprig_host.backup.state import capture
from deeprig_host.backup.state_read import State, read_state
from deeprig_host.backup.state_store import DIRECTORY
from deeprig_host.backup.survey import Survey, included
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

#: Tells a person what is done now.
Say = Callable[[str], None]
#: Takes how many bytes and things are restored next.
Expect = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rebuild:
    """Rebuilds a machine from a repository. The caller holds the lock of the backup."""

    machine: Machine
    backup: Backup
    restic: Restic
    repository: Repository
    order: Order
    say: Say
    expect: Expect

    def foresee(self) -> Foreseen:
        """Return what would be done. Raise Refused, with nothing changed, where it cannot be."""
        order = self.order
        wrong = tuple(f"{path}: {why}" for path in order.etc if (why := why_never(path)))
        if wrong:
            remedy = "declare it in the inventory, or look at the copy and take over by hand"
            raise Refused("this is not put in place", evidence=wrong, remedy=remedy)
        self.say(f"looking for what {order.host} was")
        found = earlier(self.machine, self.restic, self.repository, order.host, order.snapshot)
        here = self._state()
        accounts = plan_accounts(found.state, here, order.owners_by)
        parted = self._parted(found)
        missing = self._remaking(accounts, here).missing(found.state)
        return Foreseen(
            found,
            accounts,
            parted,
            aside_of(self.machine, found.source, parted.aside, order.host),
            # Others come with the files.
            tuple(one for one in missing if not parted.brings(one.path)),
            lacking(found.state, here),
            shells_missing(self.machine, accounts),
            untouched(self.machine, (one for one in here.users if one.is_person)),
        )

    def restored_if(self, foreseen: Foreseen) -> Restored | None:
        """Return what would become of each file that goes in its place."""
        wish = self._wish(foreseen)
        return plan(self.machine, foreseen.found.source, wish) if wish.include else None

    def carry_out(self, foreseen: Foreseen) -> Rebuilt:
        """Do it. Raise Refused where a user cannot be made, or restic cannot restore all of it."""
        wishes = (self._wish(foreseen), self._wish_aside(foreseen))
        both = (*wishes[0].include, *wishes[1].include)
        # One look for both, before anything is made; what is named in place is counted there.
        found = survey(foreseen.found.source, Wish(both)) if both else Survey(())
        made: list[Made] = [*make_people(self.machine, foreseen.accounts)]
        self.say("restoring files")
        self.machine.path(ASIDE).mkdir(mode=0o700, parents=True, exist_ok=True)
        source = foreseen.found.source
        in_place, aside = (self._restore(source, one, found) for one in wishes)
        made.extend(make_homes(self.machine, foreseen.accounts))
        made.extend(self._chosen_by_hand(foreseen))
        self.say("comparing")
        findings = compare(foreseen.before, self._state())
        return Rebuilt(tuple(made), in_place, aside, findings)

    def _chosen_by_hand(self, foreseen: Foreseen) -> Iterator[Made]:
        """Make environments and, when told to, install packages; yield what came of each."""
        before, here = foreseen.found.state, self._state()
        remaking = self._remaking(foreseen.accounts, here)
        # Those in homes came back with the files.
        for one in remaking.missing(before):
            self.say(f"making the environment {one.path}")
            yield from remaking.remake((one,))
        yield from remaking.register(before, self._state())
        if self.order.with_packages:
            self.say("installing packages")
            yield from install(self.machine, lacking(before, here))

    def _restore(self, source: Source, wish: Wish, found: Survey) -> Restored | None:
        if not wish.include:
            return None
        amounts = [found.amounts[path] for path in wish.include]
        things = sum(one.things for one in amounts)
        self.expect(sum(one.size_bytes for one in amounts), things)
        return restore(self.machine, source, wish, found)

    def _wish(self, foreseen: Foreseen) -> Wish:
        paths = (*foreseen.parted.in_place, *self.order.etc)
        include = included(paths) if paths else ()
        return Wish(
            include,
            overwrite=self.order.overwrite,
            owners=foreseen.accounts.owners,
            # By apply and useradd(8); a home's mode is its owner's, not theirs.
            takes_directories=self.order.overwrite != "never",
            untouched=foreseen.untouched,
        )

    def _wish_aside(self, foreseen: Foreseen) -> Wish:
        return Wish(foreseen.parted.aside, foreseen.aside, "all")

    def _parted(self, found: Earlier) -> Parted:
        places = places_of(self.backup.conda)
        listed: list[str] = []

        def take(node: Node) -> None:
            if is_asked(node.path, places):
                _check_nameable(node)
                listed.append(node.path)

        source = found.source
        read_nodes(source.restic, source.repository, source.snapshot, take)
        return part(included(source.snapshot.paths), listed, places)

    def _remaking(self, accounts: AccountPlan, here: State) -> Remaking:
        people = (*here.users, *accounts.users)
        return Remaking(self.machine, self.backup.conda, accounts.owners, people)

    def _state(self) -> State:
        return state_now(self.machine, self.backup)


def state_now(machine: Machine, backup: Backup) -> State:
    """Capture what the machine is, and return it. Raise Refused."""
    capture(machine, backup.conda)
    return read_state(machine.path(DIRECTORY))


def _check_nameable(node: Node) -> None:
    if not node.is_nameable:
        raise Refused(
            f"a name in the backup cannot be told apart: {node.path}",
            remedy="restore the directory above it by `backup restore --include`",
        )
