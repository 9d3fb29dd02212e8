"""What an inventory says of waves: how many hosts at once, what proves them, when, and the drain.

Light on purpose: every command that reads an inventory imports it.
"""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, field_validator

from deeprig.role import RoleSettings
from deeprig.waves.amount import checked
from deeprig.waves.overrides import Gate
from deeprig.waves.windows import Window

#: As an inventory writes it.
Amount = Annotated[int | str, BeforeValidator(checked)]
#: What is put back of a wave that failed: all of it, or nothing.
Rollback = Literal["wave", "none"]


class DrainSettings(RoleSettings):
    """Commands that take a host out of service before it is changed, and back in afterwards.

    They see DEEPRIG_HOST, DEEPRIG_ADDRESS and DEEPRIG_ROLLOUT, and run in a POSIX shell. They must
    be repeatable: after a crash of the controller they are run again.
    """

    before: str | None = Field(
        None,
        description="Run before a host is changed, such as `scontrol update nodename=$DEEPRIG_HOST "
        "state=drain reason=deeprig` and a wait until it is idle. If it fails, the host is left "
        "alone.",
    )
    after: str | None = Field(
        None,
        description="Run once the host has passed its gate, or was put back and proven. A host "
        "that failed stays drained.",
    )
    where: Literal["controller", "host"] = Field(
        "controller", description="Where the commands run; on the host as root."
    )
    timeout_seconds: int = Field(600, ge=1, description="After this long a command has failed.")


class WaveSettings(RoleSettings):
    """How `apply` and `update` go over many hosts with `--waves`. The same for all hosts but drain.

    First the canary, then waves that grow, each proven before the next begins.
    """

    canary: Annotated[int, Field(ge=1)] | tuple[str, ...] = Field(
        1, description="The first wave: so many hosts in the inventory's order, or these."
    )
    growth: float = Field(
        2.0, ge=1, le=10, description="Each wave is so many times as large as the one before."
    )
    wave_size: Amount | None = Field(
        None, description="Hosts of every wave after the canary, in place of `growth`: 5 or '10%'."
    )
    max_unavailable: Amount = Field(
        "25%",
        description="Hosts that may be out at once: under change, failed or unreachable. At least "
        "1 of a share.",
    )
    max_fail: Amount = Field(
        0,
        description="Hosts that may fail in all before the rollout stops. One that fails in the "
        "canary always stops it.",
    )
    gate: Gate = Field(
        "smoke", description="Profile of `verify` that each host of a wave must pass."
    )
    rollback: Rollback = Field(
        "wave", description="'wave': the wave that stops a rollout is put back. 'none': it stays."
    )
    windows: tuple[str, ...] = Field(
        (), description="When waves may begin: 'mon-fri 22:00-06:00'. Default: always."
    )
    time_zone: str | None = Field(
        None, description="Zone of the windows, such as Europe/Berlin; default: the controller's."
    )
    expected_wave_minutes: float | None = Field(
        None,
        gt=0,
        description="How long a wave takes at most, so that none begins that would pass the "
        "window's end. Default: as long as the longest of this rollout so far.",
    )
    drain: DrainSettings = Field(
        DrainSettings(), description="Commands that take a host out of service and back in."
    )

    @field_validator("canary")
    @classmethod
    def _has_hosts(cls, canary: int | tuple[str, ...]) -> int | tuple[str, ...]:
        if canary == ():
            raise ValueError("a canary needs at least one host")
        return canary

    @field_validator("windows")
    @classmethod
    def _are_windows(cls, windows: tuple[str, ...]) -> tuple[str, ...]:
        for text in windows:
            Window.parse(text)
        return windows

    @field_validator("time_zone")
    @classmethod
    def _is_zone(cls, name: str | None) -> str | None:
        if name is not None:
            try:
                ZoneInfo(name)
            except (OSError, ValueError, KeyError) as error:
                raise ValueError("there is no such time zone") from error
        return name
