"""Programs that set the fans of NVIDIA cards too: two masters make fans swing, or stop.

Each row is a program that people use for it today. Only what runs, or will at the next boot,
counts: an installed program that nobody starts is no rival.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.exceptions import FactProcessError
from pyinfra.api.facts import FactBase
from pyinfra.api.host import Host
from pyinfra.context import ctx_host

from deeprig.errors import DeclarationRefused, Problem
from deeprig.role import RoleContext
from roles.cooling.settings import CoolingSettings

#: Unit and how it reaches the fans.
RIVALS = (
    ("nvfancontrol.service", "sets fans through an X server (NV-CONTROL)"),
    ("coolgpus.service", "sets fans through X servers of its own"),
    ("fan2go.service", "sets fans through hwmon and NVML"),
    ("lactd.service", "sets fans and power limits through NVML"),
    ("coolercontrold.service", "sets fans through hwmon and NVML"),
    ("nvidia-fancontrol.service", "sets fans through NVML or an X server"),
    ("nvidia_gpu_fan_control.service", "sets fans through NVML"),
    ("gpu-fan-control.service", "sets fans through NVML or an X server"),
)
#: nvidia-settings(1), Coolbits: bit 2 (value 4) lets an X server's users set fans by hand.
_FAN_COOLBIT = 4
_MARK = "@@deeprig:coolbits"
_LOOK = (
    "systemctl show --property=Id,ActiveState,UnitFileState "
    + " ".join(name for name, _ in RIVALS)
    + f"; echo {_MARK}; "
    "grep -rihE '^[^#]*Coolbits' /etc/X11/xorg.conf /etc/X11/xorg.conf.d 2>/dev/null; true"
)


@dataclass(frozen=True, slots=True)
class FanMasters:
    """Units that set fans too, and what X servers allow their users (Coolbits, 0: nothing)."""

    units: tuple[str, ...] = ()
    coolbits: int = 0

    @property
    def may_x_users_set_fans(self) -> bool:
        """Say whether an X server lets its users set fans by hand."""
        return bool(self.coolbits & _FAN_COOLBIT)


class OtherFanMasters(FactBase[FanMasters]):
    """Who else sets, or may set, the fans of NVIDIA cards."""

    def command(self) -> StringCommand:
        """Return the command; it only looks."""
        return StringCommand("sh", "-c", QuoteString(_LOOK))

    @staticmethod
    def default() -> FanMasters:
        """Return that there is nobody."""
        return FanMasters()

    def process(self, output: list[str]) -> FanMasters:
        """Return running or enabled units. Raise FactProcessError without the mark."""
        text = "\n".join(output)
        shown, mark, options = text.partition(_MARK)
        if not mark:
            raise FactProcessError(f"who sets fans could not be read: {text[:200]!r}")
        blocks = [_properties(block) for block in shown.strip().split("\n\n")]
        units = tuple(block["Id"] for block in blocks if _is_at_work(block))
        return FanMasters(units, max(map(_coolbits, options.splitlines()), default=0))


def refuse_rivals() -> None:
    """Raise DeclarationRefused where another program sets fans, with how to stop it."""
    host: Host = ctx_host.get()
    masters: FanMasters = host.get_fact(OtherFanMasters)
    ways = dict(RIVALS)
    problems = tuple(
        Problem(
            "cooling",
            f"{unit} is at work on this host: it {ways[unit]}",
            f"systemctl disable --now {unit}, or set cooling.mode to 'monitor'",
        )
        for unit in masters.units
    )
    if problems:
        raise DeclarationRefused(problems)


def refuse_two_owners_of_power(context: RoleContext[CoolingSettings]) -> None:
    """Raise DeclarationRefused where nvidia_driver sets power limits and this role would too."""
    driver = context.settings_of.get("nvidia_driver")
    if not context.settings.sets_power or not getattr(driver, "power_limits", ()):
        return
    raise DeclarationRefused(
        (
            Problem(
                "cooling.power_limit_watts",
                "nvidia_driver.power_limit_watts is declared too, and a limit has one owner",
                "move nvidia_driver.power_limit_watts to cooling (its daemon sets limits at boot "
                "and again when the driver lost them)",
            ),
        )
    )


def _properties(block: str) -> dict[str, str]:
    shown = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
    if "Id" not in shown:
        raise FactProcessError(f"systemctl show printed {block!r}")
    return shown


def _is_at_work(unit: dict[str, str]) -> bool:
    return unit.get("ActiveState") in ("active", "activating") or (
        unit.get("UnitFileState") in ("enabled", "enabled-runtime")
    )


def _coolbits(line: str) -> int:
    """Return the value of an xorg.conf line such as ``Option "Coolbits" "28"``; 0 for no number."""
    words = line.replace('"', " ").split()
    return int(words[-1]) if words and words[-1].isdigit() else 0
