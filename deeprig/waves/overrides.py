"""What a command line says of waves. Light: the options of commands import it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Gate = Literal["none", "smoke", "acceptance"]


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the command line says in place of the inventory; None: nothing."""

    canary: int | tuple[str, ...] | None = None
    wave_size: int | str | None = None
    max_unavailable: int | str | None = None
    max_fail: int | str | None = None
    gate: Gate | None = None
    is_kept: bool = False
