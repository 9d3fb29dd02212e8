"""Cards and machines as gpus.ini describes them; README.md says which numbers are published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = float | int | str


@dataclass(frozen=True, slots=True)
class Card:
    """One ``[gpu]``: the keys of c/plant.h's CARD_NUMBERS, and ``name``, ``uuid``, ``address``."""

    name: str
    values: Mapping[str, Value] = field(default_factory=dict)

    def but(self, **changes: Value) -> Card:
        """Return the same card, otherwise in some keys."""
        name = str(changes.pop("name", self.name))
        return Card(name, {**self.values, **changes})


@dataclass(frozen=True, slots=True)
class Machine:
    """``[plant]``, the keys of MACHINE_NUMBERS and ``driver``; and its cards in NVML's order."""

    cards: tuple[Card, ...]
    values: Mapping[str, Value] = field(default_factory=dict)

    def but(self, **changes: Value) -> Machine:
        """Return the same machine, otherwise in some keys."""
        return Machine(self.cards, {**self.values, **changes})

    def text(self) -> str:
        """Return gpus.ini."""
        lines = ["[plant]", *_lines(self.values)]
        for card in self.cards:
            lines += ["", "[gpu]", f"name = {card.name}", *_lines(card.values)]
        return "\n".join(lines) + "\n"


def _lines(values: Mapping[str, Value]) -> list[str]:
    return [f"{key} = {value}" for key, value in values.items()]


OPEN_AIR_350 = Card("Simulated open-air 350 W")
OPEN_AIR_250 = Card(
    "Simulated open-air 250 W",
    {
        "idle_watts": 15,
        "full_watts": 250,
        "default_limit_watts": 250,
        "maximum_limit_watts": 280,
        "memory_mib": 11264,
        "maximum_operating_c": 89,
        "compute_major": 7,
        "compute_minor": 5,
    },
)
BLOWER_250 = OPEN_AIR_250.but(
    name="Simulated blower 250 W",
    fans=1,
    blown_watts_per_kelvin=9,
    share_into_case=0.1,
    neighbour_kelvin_per_watt=0.005,
    full_fan_rpm=4800,
)
#: As coolgpus' readme tells of blowers: kept quiet at half speed by their maker, and slowed by heat
#: at about 85 C for it.
QUIET_BLOWER_250 = BLOWER_250.but(
    name="Simulated quiet blower 250 W",
    firmware_maximum_percent=50,
    maximum_operating_c=84,
    blown_watts_per_kelvin=8,
)
PASSIVE_300 = Card(
    "Simulated passive 300 W",
    {
        "fans": 0,
        "full_watts": 300,
        "default_limit_watts": 300,
        "maximum_limit_watts": 300,
        "memory_sensor": 1,
        "memory_maximum_c": 95,
        "ecc": 1,
        "row_remapping": 1,
        "memory_mib": 81920,
        "neighbour_kelvin_per_watt": 0,
        "share_into_case": 0,
        "compute_major": 9,
        "compute_minor": 0,
    },
)
#: A card whose driver is of before the field values: thresholds by the old call, no RPM, no names
#: of CUDA 12.
OLD_DRIVER = OPEN_AIR_250.but(
    name="Simulated card of an old driver",
    limit_fields=0,
    temperature_v=0,
    event_reasons=0,
    rpm_sensor=0,
    fan_policy_calls=0,
    page_retirement=1,
)
#: A card of which only the T.Limit fields tell how hot is too hot; its memory has a sensor.
NEW_LIMITS = OPEN_AIR_350.but(
    name="Simulated card with T.Limit only", old_thresholds=0, memory_sensor=1
)
LAPTOP = Card(
    "Simulated laptop GPU",
    {
        "fans": 0,
        "power_limit_settable": 0,
        "full_watts": 100,
        "default_limit_watts": 100,
        "blown_watts_per_kelvin": 3,
        "memory_mib": 8192,
    },
)
