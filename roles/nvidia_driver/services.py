"""Persistence and power limits: ordered units, enabled, and right now where a driver works.

The limits live in the driver and go at every boot; without the persistence daemon they go
whenever the last program lets go of a GPU (nvidia-persistenced(1), nvidia-smi(1)).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.exceptions import FactProcessError
from pyinfra.api.facts import FactBase
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.context import ctx_host

from roles.nvidia_driver.facts import OpenDriverChange
from roles.nvidia_driver.settings import NvidiaDriverSettings

POWER_UNIT = "deeprig-nvidia-power.service"
PERSISTENCED = "nvidia-persistenced.service"
FABRIC_MANAGER = "nvidia-fabricmanager.service"
_PROPERTIES = ("LoadState", "UnitFileState", "ActiveState", "Id")
_QUERY = "nvidia-smi --query-gpu=pci.bus_id,power.limit,persistence_mode --format=csv,noheader"
Commands = Generator[StringCommand, None, None]


@dataclass(frozen=True, slots=True)
class Unit:
    """What systemd knows of a unit. A name it does not know has ``is_known`` False."""

    is_known: bool
    is_disabled: bool
    is_active: bool


class Units(FactBase[dict[str, Unit]]):
    """The states of units by name (systemctl(1), show)."""

    def command(self, names: tuple[str, ...]) -> StringCommand:
        """Return the command."""
        properties = f"--property={','.join(_PROPERTIES)}"
        return StringCommand("systemctl", "show", properties, *map(QuoteString, names))

    @staticmethod
    def default() -> dict[str, Unit]:
        """Return that no unit is known."""
        return {}

    def process(self, output: list[str]) -> dict[str, Unit]:
        """Parse the blocks. Raise FactProcessError for one without a name."""
        found = {}
        for block in "\n".join(output).strip().split("\n\n"):
            values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
            if "Id" not in values:
                raise FactProcessError(f"systemctl show printed {block!r}")
            found[values["Id"]] = Unit(
                is_known=values.get("LoadState") == "loaded",
                is_disabled=values.get("UnitFileState") == "disabled",
                is_active=values.get("ActiveState") in ("active", "activating"),
            )
        return found


@dataclass(frozen=True, slots=True)
class GpuPower:
    """One GPU's limit in watts, None where the card has none, and whether persistence is on."""

    address: str
    limit_watts: float | None
    is_persistent: bool


class GpuPowers(FactBase[tuple[GpuPower, ...]]):
    """Power limit and persistence of every GPU; empty without a working driver."""

    def command(self) -> StringCommand:
        """Return the command; it does not ask where no module is loaded."""
        return StringCommand(f"if [ -e /proc/driver/nvidia/version ]; then {_QUERY},nounits; fi")

    @staticmethod
    def default() -> tuple[GpuPower, ...]:
        """Return that no GPU answers."""
        return ()

    def process(self, output: list[str]) -> tuple[GpuPower, ...]:
        """Parse nvidia-smi's lines. Raise FactProcessError for one that is none."""
        return tuple(_power(line) for line in output if line.strip())


def _power(line: str) -> GpuPower:
    parts = [part.strip() for part in line.split(",")]
    if len(parts) != 3:
        raise FactProcessError(f"nvidia-smi printed {line!r}")
    address, watts, persistence = parts
    limit = None if watts.startswith("[") else float(watts)  # [N/A], [Not Supported]
    return GpuPower(short_address(address), limit, persistence == "Enabled")


def short_address(address: str) -> str:
    """Return a PCI address as Linux writes it: NVIDIA's tools write the domain with 8 digits."""
    domain, _, rest = address.lower().partition(":")
    return f"{domain[-4:]}:{rest}"


@operation()
def services(settings: NvidiaDriverSettings) -> Commands:
    """Enable the driver's units; start them, and set the limits, where the driver works now."""
    host: Host = ctx_host.get()
    names = wanted_units(settings)
    units: dict[str, Unit] = host.get_fact(Units, names=names)
    pending = host.get_fact(OpenDriverChange)
    # Another driver is loaded than is installed: the reboot that follows starts them.
    is_working = bool(pending.loaded) and pending.loaded == pending.available
    known = [name for name in names if name in units and units[name].is_known]
    for name in known:
        if units[name].is_disabled:
            yield StringCommand("systemctl", "enable", QuoteString(name))
    if not is_working:
        return
    for name in known:
        if not units[name].is_active:
            yield StringCommand("systemctl", "start", QuoteString(name))
    if POWER_UNIT in known and units[POWER_UNIT].is_active and _have_drifted(settings):
        yield StringCommand("systemctl", "restart", POWER_UNIT)


def wanted_units(settings: NvidiaDriverSettings) -> tuple[str, ...]:
    """Return the units in the order in which they start.

    The fabric manager is installed only where NVSwitches are; elsewhere systemd does not know it.
    """
    units = [FABRIC_MANAGER, PERSISTENCED] if settings.persistence else [FABRIC_MANAGER]
    if settings.persistence or settings.power_limits:
        units.append(POWER_UNIT)
    return tuple(units)


def _have_drifted(settings: NvidiaDriverSettings) -> bool:
    host: Host = ctx_host.get()
    powers: tuple[GpuPower, ...] = host.get_fact(GpuPowers)
    return any(is_off(settings, power) for power in powers)


def is_off(settings: NvidiaDriverSettings, power: GpuPower) -> bool:
    """Say whether a GPU's limit or persistence is not as declared."""
    wanted = settings.power_limit_of(power.address)
    is_limit_off = wanted is not None and (
        power.limit_watts is None or abs(power.limit_watts - wanted) >= 1
    )
    return is_limit_off or (settings.persistence and not power.is_persistent)
