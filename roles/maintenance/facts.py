"""What the maintenance role asks a host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.exceptions import FactProcessError
from pyinfra.api.facts import FactBase

#: Packages that keep the clock, besides systemd-timesyncd. Each of them turns that off.
OTHER_TIME_SERVICES = ("chrony", "ntp", "ntpsec", "openntpd")
TIMESYNCD = "systemd-timesyncd"
_STATUS = "${Package} ${db:Status-Status}\\n"


class TimeServices(FactBase[frozenset[str]]):
    """Installed packages that keep the clock."""

    def command(self) -> StringCommand:
        """Return the command; dpkg-query(1) tells names it does not know on stderr, with exit 1."""
        names = (TIMESYNCD, *OTHER_TIME_SERVICES)
        query = StringCommand("dpkg-query", "-W", "-f", QuoteString(_STATUS), *names)
        return StringCommand(query, "2>/dev/null;", "test", "$?", "-le", "1")

    @staticmethod
    def default() -> frozenset[str]:
        """Return that there is none."""
        return frozenset()

    def process(self, output: list[str]) -> frozenset[str]:
        """Return the names of those that are installed."""
        rows = [line.split() for line in output]
        return frozenset(row[0] for row in rows if row[1:] == ["installed"])


@dataclass(frozen=True, slots=True)
class UnitState:
    """A unit as systemctl(1) shows it: ``loaded``, ``masked``; ``active``; ``enabled``."""

    load: str
    active: str
    enabled: str

    @property
    def is_waiting(self) -> bool:
        """Say whether it works now and after every boot."""
        return self.active == "active" and self.enabled == "enabled"


class UnitStates(FactBase[Mapping[str, UnitState]]):
    """States of units, in one question. Units that systemd does not know are ``not-found``."""

    def command(self, units: tuple[str, ...]) -> StringCommand:
        """Return the command."""
        shown = "--property=Id,LoadState,ActiveState,UnitFileState"
        return StringCommand("systemctl", "show", shown, *units)

    @staticmethod
    def default() -> Mapping[str, UnitState]:
        """Return that nothing is known."""
        return {}

    def process(self, output: list[str]) -> Mapping[str, UnitState]:
        """Parse the blocks, one for each unit. Raise FactProcessError when one is unreadable."""
        blocks = "\n".join(line.strip() for line in output).strip().split("\n\n")
        states = {}
        for block in blocks:
            shown = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
            try:
                states[shown["Id"]] = UnitState(
                    shown["LoadState"], shown["ActiveState"], shown["UnitFileState"]
                )
            except KeyError as error:
                raise FactProcessError(f"systemctl left out {error}: {block[:200]}") from error
        return states
