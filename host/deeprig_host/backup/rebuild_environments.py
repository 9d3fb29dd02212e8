"""Make conda environments of the earlier machine anew, from their explicit locks.

Each as its owner: the lock follows from records that the owner could write, and installing a
package runs what is in it. Root's are made only below a prefix of conda, where only root writes.
What ``apply`` declares is left to ``apply``.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deeprig_host.backup.conda_places import is_environment
from deeprig_host.backup.conda_variables import FILE
from deeprig_host.backup.mounts import is_in
from deeprig_host.backup.rebuild_owners import Owners
from deeprig_host.backup.state_accounts import User
from deeprig_host.backup.state_read import Environment, State
from deeprig_host.machine.commands import Done, Machine

_SESSION_PROXIES = "/etc/profile.d/deeprig-proxy.sh"
_EXPORT = re.compile(r'^export ([A-Za-z_]+)="([^"]*)"$', re.MULTILINE)
_REGISTER = 'mkdir -p ~/.conda && printf "%s\\n" "$1" >> ~/.conda/environments.txt'
_WRITE = 'cat > "$1"'
_SECONDS = 4 * 3600.0


def session_proxies(machine: Machine) -> dict[str, str]:
    """Return what login sessions are told of proxies (templates/base/etc/profile.d)."""
    return dict(_EXPORT.findall(machine.text(_SESSION_PROXIES) or ""))


@dataclass(frozen=True, slots=True)
class Made:
    """What became of an environment or another thing; ``reason`` where it is not there."""

    name: str
    is_good: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Remaking:
    """Makes environments with the conda of one of ``prefixes``; ``people`` are users of here."""

    machine: Machine
    prefixes: tuple[str, ...]
    owners: Owners
    people: tuple[User, ...]

    def missing(self, before: State) -> tuple[Environment, ...]:
        """Return the environments that are not here."""
        return tuple(
            one
            for one in before.environments
            if not is_environment(self.machine, one.path) and one.path not in self.prefixes
        )

    def register(self, before: State, here: State) -> Iterator[Made]:
        """Have conda's list of each owner name what is there but is not found by it.

        Such a list on a new machine is newer than the backup's, and is kept.
        """
        found = {one.path for one in here.environments}
        for one in before.environments:
            if one.path in found or not is_environment(self.machine, one.path):
                continue
            user = self._owner(one)
            if user is None:
                yield Made(one.path, False, f"its owner, number {one.owner}, is nobody here")
                continue
            # As the user: nothing in a home leads root elsewhere.
            done = self._as(user, "sh", "-c", _REGISTER, "sh", one.path)
            reason = f"in the list of {user.name}" if done.is_good else "; ".join(done.tail(3))
            yield Made(one.path, done.is_good, reason)

    def remake(self, environments: Iterable[Environment]) -> Iterator[Made]:
        """Make environments, one after another; one that cannot be made stops no other."""
        for one in environments:
            refused, user = self._refusal(one), self._owner(one)
            if refused or user is None:
                nobody = f"its owner, number {one.owner}, is nobody here"
                yield Made(one.path, False, refused or nobody)
                continue
            try:
                failed = self._make(one, user)
            except OSError as error:
                failed = str(error)
            yield Made(one.path, not failed, failed or f"made anew as {user.name}")

    def _refusal(self, one: Environment) -> str:
        """Return why an environment is not made, empty where it can be."""
        if one.build is not None:
            return "the inventory had it: declare it again, then `deeprig apply --role conda`"
        if os.path.lexists(self.machine.path(one.path)):
            return "something else stands there: move it away, then go on"
        if one.owner is None:
            return (
                "its files are of several users: whoever they were, nobody makes it as one of them"
            )
        if self._is_roots(one) and not self._is_below_prefix(one):
            return "it is root's, and below no prefix of conda: make it by hand"
        lost = [line for line in one.explicit if line.startswith("#")]
        if lost:
            return f"its lock has {lost[0][2:]}"
        if self._conda(one) is None:
            return f"there is no conda at {' or '.join(self.prefixes)}"
        return ""

    def _is_roots(self, one: Environment) -> bool:
        user = self._owner(one)
        return user is not None and user.uid == 0

    def _is_below_prefix(self, one: Environment) -> bool:
        """Say whether root alone decides what stands there; a user may register any spelling."""
        is_plain = os.path.normpath(one.path) == one.path
        return is_plain and any(is_in(one.path, prefix) for prefix in self.prefixes)

    def _conda(self, one: Environment) -> str | None:
        """Return the conda whose environments lie there, or the first one."""
        known = [prefix for prefix in self.prefixes if self._program(prefix).exists()]
        near = [prefix for prefix in known if one.path.startswith(f"{prefix}/")]
        return next((f"{prefix}/bin/conda" for prefix in (*near, *known)), None)

    def _program(self, prefix: str) -> Path:
        return self.machine.path(f"{prefix}/bin/conda")

    def _owner(self, one: Environment) -> User | None:
        if one.owner is None:
            return None
        uid = self.owners.users.get(one.owner, one.owner)
        return next((user for user in self.people if user.uid == uid), None)

    def _make(self, one: Environment, user: User) -> str:
        """Make an environment; return why it failed."""
        place = self.machine.path(one.path)
        with tempfile.TemporaryDirectory(prefix="deeprig-rebuild-") as scratch:
            lock, wanted = Path(scratch, "explicit.txt"), Path(scratch, "pip.txt")
            lock.write_text(one.lock, encoding="utf-8")
            wanted.write_text("".join(f"{line}\n" for line in sorted(one.pip)), encoding="utf-8")
            # The directory last: from then on the names in it are the user's to change.
            for path in (lock, wanted, Path(scratch)):
                os.chown(path, user.uid, user.gid, follow_symlinks=False)
            conda = str(self.machine.path(self._conda(one) or ""))
            words = (conda, "create", "-y", "-p", str(place), "--file", str(lock))
            done = self._as(user, *words)
            if done.is_good and one.pip:
                pip = (str(place / "bin/python"), "-m", "pip", "install", "--no-input", "--no-deps")
                done = self._as(user, *pip, "-r", str(wanted))
        if not done.is_good:
            return f"{' '.join(done.words[-9:][:4])}...: {'; '.join(done.tail(4))}"
        return self._give_variables(one, user) if one.variables else ""

    def _as(self, user: User, *words: str, stdin: str = "") -> Done:
        home = {"HOME": user.home, "USER": user.name, "LOGNAME": user.name}
        variables = session_proxies(self.machine) | home
        drop: tuple[str, ...] = ()
        if user.uid != 0:
            ids = ("--reuid", str(user.uid), "--regid", str(user.gid), "--init-groups")
            drop = ("setpriv", *ids, "--")
        return self.machine.run(*drop, *words, seconds=_SECONDS, environment=variables, stdin=stdin)

    def _give_variables(self, one: Environment, user: User) -> str:
        """Write what ``conda env config vars set`` writes: its arguments would show the values.

        The user writes it: what was installed a moment ago may have made the name a link to
        anything. Return why it failed.
        """
        path = self.machine.path(one.path) / FILE
        told = json.dumps({"version": 1, "env_vars": dict(one.variables)})
        done = self._as(user, "sh", "-c", _WRITE, "sh", str(path), stdin=told)
        return "" if done.is_good else f"its variables: {'; '.join(done.tail(4))}"
