"""What the cooling role asks a host: its daemon, and who else sets fans."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.exceptions import FactProcessError
from pyinfra.api.facts import FactBase


@dataclass(frozen=True, slots=True)
class UnitState:
    """A unit as systemctl(1) shows it: ``loaded``, ``masked``; ``active``; ``enabled``."""

    load: str
    active: str
    enabled: str

    @property
    def is_known(self) -> bool:
        """Say whether there is such a unit."""
        return self.load != "not-found"

    @property
    def is_running(self) -> bool:
        """Say whether it works now, or is about to."""
        return self.active in ("active", "activating", "reloading")


#: The first line of what this role places.
_OURS = "Managed by deeprig (role cooling)"
_UNKNOWN = UnitState("not-found", "inactive", "")


class ServiceState(FactBase[UnitState]):
    """The state of one unit."""

    def command(self, unit: str) -> StringCommand:
        """Return the command."""
        shown = "--property=LoadState,ActiveState,UnitFileState"
        return StringCommand("systemctl", "show", shown, QuoteString(unit))

    @staticmethod
    def default() -> UnitState:
        """Return that systemd does not know it."""
        return _UNKNOWN

    def process(self, output: list[str]) -> UnitState:
        """Parse the properties. Raise FactProcessError when one is missing."""
        shown = dict(line.split("=", 1) for line in output if "=" in line)
        try:
            return UnitState(shown["LoadState"], shown["ActiveState"], shown["UnitFileState"])
        except KeyError as error:
            raise FactProcessError(f"systemctl left out {error}: {output}") from error


class ConfiguredPower(FactBase[bool]):
    """Whether the daemon's configuration on the host sets power limits."""

    def command(self, file: str) -> StringCommand:
        """Return the command; it prints nothing where there is no such line, or no file."""
        wanted = QuoteString("^(power_limit_watts|budget_watts) *=")
        return StringCommand("grep", "-s", "-E", wanted, QuoteString(file), "; true")

    @staticmethod
    def default() -> bool:
        """Return that it does not."""
        return False

    def process(self, output: list[str]) -> bool:
        """Say whether a line does."""
        return any(output)


class OwnFancontrol(FactBase[bool]):
    """Whether a fancontrol configuration is one that this role placed."""

    def command(self, file: str) -> StringCommand:
        """Return the command; it prints nothing where the file is somebody else's, or none."""
        found = StringCommand("grep", "-s", QuoteString(f"^# {_OURS}"), QuoteString(file))
        return StringCommand(found, "; true")

    @staticmethod
    def default() -> bool:
        """Return that it is not."""
        return False

    def process(self, output: list[str]) -> bool:
        """Say whether the first line's mark was found."""
        return any(output)
