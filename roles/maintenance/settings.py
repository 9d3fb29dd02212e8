"""Settings of the maintenance role."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from deeprig.role import RoleSettings

ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class MaintenanceSettings(RoleSettings):
    """What keeps a machine well between two runs of deeprig."""

    kernel_gate: bool = Field(
        True,
        description="Whether a kernel that has no NVIDIA module is kept from becoming the next one "
        "to boot. Checked after every change of packages and once a day, on hosts with a GPU.",
    )
    kernel_gate_time: ClockTime = Field(
        "05:30", description="When the daily check is, by the host's clock, as HH:MM."
    )
