"""The distribution's security updates, now: what ``deeprig update --security`` installs.

unattended-upgrades does the same every night; this is for a person who does not want to wait, and
it says from which version to which. Held packages, the driver above all, stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass

from pyinfra.api.command import PyinfraCommand, QuoteString, StringCommand
from pyinfra.api.facts import FactBase
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.context import ctx_host

from deeprig.engine.remarks import explain, tell_move
from deeprig.tasks.packages import APT_ENVIRONMENT
from deeprig.tasks.steady import steadily

#: A line of apt-get's simulation: ``Inst NAME [OLD] (NEW ORIGIN:SUITE, ORIGIN:SUITE [ARCH])``.
_INST = re.compile(r"^Inst (?P<name>\S+) \[(?P<old>[^\]]+)\] \((?P<new>\S+) (?P<origins>[^\[)]+)")
#: ``Debian-Security:12/stable-security``, ``Ubuntu:24.04/noble-security``.
_SECURITY = re.compile(r"(^|[ ,])(Debian-Security:|[^:,]+:[^/,]+/[a-z]+-security)")


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A newer version that a security archive offers."""

    name: str
    before: str
    after: str


class SecurityUpgrades(FactBase[tuple[Upgrade, ...]]):
    """What an upgrade of today would take from the security archive. Nothing is locked."""

    def command(self) -> StringCommand:
        """Return apt-get's simulation (apt-get(8), --simulate; it takes no lock)."""
        return StringCommand("env", "LC_ALL=C", "apt-get", "--simulate", "upgrade")

    @staticmethod
    def default() -> tuple[Upgrade, ...]:
        """Return that there is nothing."""
        return ()

    def process(self, output: list[str]) -> tuple[Upgrade, ...]:
        """Parse the simulation."""
        found = (_INST.match(line) for line in output)
        return tuple(
            Upgrade(m["name"], m["old"], m["new"])
            for m in found
            if m and _SECURITY.search(m["origins"])
        )


@operation()
def security_updates() -> Generator[PyinfraCommand, None, None]:
    """Install the security updates of installed packages in one transaction."""
    host: Host = ctx_host.get()
    upgrades: tuple[Upgrade, ...] = host.get_fact(SecurityUpgrades)
    if not upgrades:
        host.noop("no security update is missing")
        return
    for upgrade in upgrades:
        tell_move(upgrade.name, upgrade.before, upgrade.after)
    explain(f"{len(upgrades)} security update{'s' if len(upgrades) != 1 else ''}")
    words = ["apt-get", "install", "-y", "--only-upgrade", "--no-install-recommends"]
    words += ["-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"]
    words += [f"{upgrade.name}={upgrade.after}" for upgrade in upgrades]
    command = StringCommand(*(QuoteString(word) for word in words), _env=APT_ENVIRONMENT)
    yield from steadily([command], "security", apt=True)
