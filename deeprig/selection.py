"""Which hosts and roles of a lab a command concerns: ``--limit``, ``--role``, ``--skip-role``."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from deeprig.errors import UsageProblem

if TYPE_CHECKING:
    from deeprig.inventory.load import Lab
    from deeprig.inventory.model import DeclaredHost


@dataclass(frozen=True, slots=True)
class Selection:
    """What the command line asked for; empty tuples ask for everything."""

    limit: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    skipped_roles: tuple[str, ...] = ()
    #: Of those, by name: the others are known to be as they should.
    only: frozenset[str] | None = None

    def hosts_of(self, lab: Lab) -> tuple[DeclaredHost, ...]:
        """Return the limited hosts. Raise UsageProblem for a pattern that matches none.

        pyinfra exits 0 in that case, having done nothing.
        """
        hosts = self._limited(lab)
        return hosts if self.only is None else tuple(h for h in hosts if h.name in self.only)

    def _limited(self, lab: Lab) -> tuple[DeclaredHost, ...]:
        if not self.limit:
            return lab.hosts
        for pattern in self.limit:
            if not any(_matches(host, pattern) for host in lab.hosts):
                names = ", ".join(host.name for host in lab.hosts[:10])
                raise UsageProblem(
                    f"{pattern!r} matches no host and no group of {lab.path}",
                    place="--limit",
                    remedy=f"its hosts: {names}{' ...' if len(lab.hosts) > 10 else ''}",
                )
        return tuple(h for h in lab.hosts if any(_matches(h, p) for p in self.limit))

    def check_roles(self, lab: Lab) -> None:
        """Raise UsageProblem for a role that does not exist."""
        from deeprig.inventory.read import did_you_mean

        known = lab.content.role_names()
        for option, names in (("--role", self.roles), ("--skip-role", self.skipped_roles)):
            for name in names:
                if name not in known:
                    raise UsageProblem(
                        f"there is no role {name!r}",
                        place=option,
                        remedy=did_you_mean(name, known),
                    )

    def allows(self, role: str) -> bool:
        """Say whether a role is wanted."""
        return (not self.roles or role in self.roles) and role not in self.skipped_roles


def _matches(host: DeclaredHost, pattern: str) -> bool:
    return fnmatchcase(host.name, pattern) or pattern in host.groups
