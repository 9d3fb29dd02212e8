"""What is asked for beyond the declared state. Light: commands that load nothing else use it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UpdateRequest:
    """What ``deeprig update`` asks for beyond the declared state; ``apply`` asks for nothing.

    ``even_if_busy`` lets a driver change go on although programs use the GPUs.
    """

    drivers: bool = False
    toolkit: bool = False
    environments: bool = False
    security: bool = False
    even_if_busy: bool = False


NO_UPDATE = UpdateRequest()
