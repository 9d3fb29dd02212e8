"""Settings of the cooling role. The daemon's parser applies the same rules on the host."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from deeprig.cooling.curve import parse_curve
from deeprig.role import RoleSettings
from deeprig.tasks.ini_sections import Section
from roles.cooling.configuration import sections
from roles.cooling.fancontrol import check_fancontrol

Mode = Literal["manual", "monitor"]

DEFAULT_CURVE = "30:30 50:40 70:70 85:100"
#: A card by its UUID, its PCI address as sysfs writes it, or its number in NVML's order.
_CARD = re.compile(
    r"^(GPU-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]|0|[1-9]\d?)$"
)
#: A supply shall have a tenth more than it is asked for (docs/inspect.md, power supply).
_SUPPLY_RESERVE = 1.1
_SMALLEST_BUDGET_WATTS = 50


def _curve(text: str) -> str:
    return " ".join(map(str, parse_curve(text)))


def _card(name: str) -> str:
    if not _CARD.match(name):
        raise ValueError(
            "this names no card: a UUID (GPU-...), a PCI address (0000:01:00.0) or a number, "
            "each as text"
        )
    return name


CurveText = Annotated[str, AfterValidator(_curve)]
Card = Annotated[str, AfterValidator(_card)]
Target = Annotated[int, Field(ge=40, le=90)]
Hysteresis = Annotated[int, Field(ge=0, le=20)]
MemoryLimit = Annotated[int, Field(ge=60, le=110)]
Watts = Annotated[int, Field(ge=30, le=2000)]
BudgetWatts = Annotated[int, Field(ge=_SMALLEST_BUDGET_WATTS, le=50_000)]
FancontrolText = Annotated[str, AfterValidator(check_fancontrol)]


class CardCooling(RoleSettings):
    """What one card has of its own; what is left out is as for all cards."""

    mode: Mode | None = Field(None, description="'monitor': its fans are left to the card.")
    curve: CurveText | None = Field(None, description="Its curve.")
    target_c: Target | None = Field(None, description="The temperature to hold.")
    hysteresis_c: Hysteresis | None = Field(
        None, description="How far it must cool before fans slow down."
    )
    memory_limit_c: MemoryLimit | None = Field(
        None, description="Temperature of its memory at which fans are at 100 %."
    )
    power_limit_watts: Watts | None = Field(None, description="Its power limit.")


class PowerSupply(RoleSettings):
    """What no software can read: the power supply, and what is not the GPUs'."""

    psu_watts: int = Field(
        ge=1, le=50_000, description="What the power supply gives, by its label."
    )
    cpu_watts: int = Field(
        ge=0, le=50_000, description="What CPUs, disks and fans may draw together."
    )

    @property
    def budget_watts(self) -> int:
        """Return what is left for GPUs where a tenth of the supply's load is kept in reserve."""
        return int(self.psu_watts / _SUPPLY_RESERVE) - self.cpu_watts

    @model_validator(mode="after")
    def _leaves_something(self) -> PowerSupply:
        if self.budget_watts < _SMALLEST_BUDGET_WATTS:
            raise ValueError(
                f"{self.psu_watts} W / {_SUPPLY_RESERVE} - {self.cpu_watts} W leaves "
                f"{self.budget_watts} W for GPUs; none runs on that"
            )
        return self


class ChassisFans(RoleSettings):
    """Fans of the case, driven by fancontrol(8) from sensors of the mainboard."""

    modules: tuple[Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,60}$")], ...] = Field(
        (), description="Kernel modules of the sensor chips, such as nct6775; loaded at boot."
    )
    fancontrol: FancontrolText = Field(
        description="The text of /etc/fancontrol, as pwmconfig(8) wrote it on this very machine."
    )


class CoolingSettings(RoleSettings):
    """Settings under ``cooling`` in the inventory."""

    enabled: bool = Field(
        True,
        description="Whether deeprig's daemon cools the GPUs. False: it is stopped, fans go back "
        "to the cards, power limits to the cards' own, and what it had is removed.",
    )
    mode: Mode = Field(
        "manual",
        description="'manual': the daemon sets the fans. 'monitor': it only watches and keeps the "
        "history.",
    )
    curve: CurveText = Field(
        DEFAULT_CURVE,
        description="Fan speed by temperature, degrees C:percent. Temperatures rise, speeds do "
        "not fall, the last is 100, and no fan stands still above 50 C.",
    )
    target_c: Target | None = Field(
        None,
        description="Hold the hottest sensor of each card at this temperature; the curve is then "
        "what fans have at least from 5 C above it.",
    )
    hysteresis_c: Hysteresis = Field(
        4, description="How many degrees a card must cool before its fans slow down."
    )
    memory_limit_c: MemoryLimit | None = Field(
        None,
        description="Memory temperature at which fans are at 100 %, on cards that tell it.",
    )
    power_limit_watts: Watts | None = Field(
        None,
        description="Power limit of every card. Not beside nvidia_driver.power_limit_watts: a "
        "limit has one owner.",
    )
    gpus: dict[Card, CardCooling] = Field(
        {}, description="What single cards have of their own, by UUID, PCI address or number."
    )
    power_budget_watts: BudgetWatts | None = Field(
        None, description="What all GPUs of the machine may draw together."
    )
    power_supply: PowerSupply | None = Field(
        None,
        description="In place of power_budget_watts: psu_watts / 1.1 - cpu_watts is the budget.",
    )
    interval_seconds: int = Field(2, ge=1, le=10, description="Seconds between two looks.")
    history_seconds: int = Field(
        10, ge=1, le=3600, description="Seconds between two rows of the history."
    )
    chassis_fans: ChassisFans | None = Field(
        None, description="Fans of the case. Default: they are left to the mainboard."
    )

    @property
    def budget_watts(self) -> int | None:
        """Return what all GPUs may draw together, declared either way; None: no budget."""
        if self.power_supply is not None:
            return self.power_supply.budget_watts
        return self.power_budget_watts

    @property
    def watchdog_seconds(self) -> int:
        """Return how long systemd waits for a turn; why so long is in the unit.

        Longer than the daemon takes for a turn that stood still, twice the interval and 5 s.
        """
        return 2 * self.interval_seconds + 16

    @property
    def sections(self) -> tuple[Section, ...]:
        """Return what the daemon's configuration says."""
        return sections(self)

    @property
    def sets_fans(self) -> bool:
        """Say whether the daemon sets the fans of any card."""
        modes = (self.mode, *(card.mode for card in self.gpus.values()))
        return self.enabled and "manual" in modes

    @property
    def sets_power(self) -> bool:
        """Say whether this role sets power limits on this host."""
        limits = (self.power_limit_watts, *(g.power_limit_watts for g in self.gpus.values()))
        return self.enabled and (self.budget_watts is not None or any(limits))

    @model_validator(mode="after")
    def _one_budget(self) -> CoolingSettings:
        if self.power_supply is not None and self.power_budget_watts is not None:
            raise ValueError("power_budget_watts and power_supply are one thing: declare one")
        return self
