"""What a host tells of the environment of deeprig's programs, and of the services that use it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyinfra.api.command import StringCommand
from pyinfra.api.exceptions import FactProcessError
from pyinfra.api.facts import FactBase

from deeprig.tasks.host_answers import sent_along
from deeprig.transport.prints import depends_on

#: The part of ``deeprig_host`` that makes and observes it.
PART = "environment"
_BASE = "/opt/deeprig"


class HostEnvironment(FactBase[Mapping[str, Any] | None]):
    """Which environment is wanted and which is in use, and why they differ.

    None where the host has no python3 yet. Nothing is changed.
    """

    def command(self, programs: str, order: str) -> StringCommand:
        """Return the command; ``programs`` is the controller's directory of ``deeprig_host``."""
        command = sent_along(Path(programs), PART, "observe", "--order", order)
        return depends_on(command, f"tree {_BASE}", "stat /usr/bin/python3")

    @staticmethod
    def default() -> Mapping[str, Any] | None:
        """Return None: nothing is known."""
        return None

    def process(self, output: list[str]) -> Mapping[str, Any] | None:
        """Parse the answer. Raise FactProcessError when it is none, or tells of a failure."""
        return None if output == ["none"] else _good_answer(output)


class ServicesBefore(FactBase[tuple[str, ...]]):
    """Those of ``units`` that still run from an environment which was in use before this one."""

    def command(self, programs: str, units: tuple[str, ...]) -> StringCommand:
        """Return the command; ``programs`` is the controller's directory of ``deeprig_host``."""
        command = sent_along(Path(programs), PART, "before", *units)
        return depends_on(command, f"stat {_BASE}/environment", *(f"unit {unit}" for unit in units))

    @staticmethod
    def default() -> tuple[str, ...]:
        """Return that none does."""
        return ()

    def process(self, output: list[str]) -> tuple[str, ...]:
        """Return the units. Raise FactProcessError when systemd did not answer."""
        return () if output == ["none"] else tuple(_good_answer(output)["before"])


def _good_answer(output: list[str]) -> Mapping[str, Any]:
    try:
        document = json.loads("\n".join(output))
    except ValueError as error:
        told = "\n".join(output)[:300]
        raise FactProcessError(f"what the environment is cannot be read: {told}") from error
    if not isinstance(document, dict) or document.get("outcome") != "good":
        reason = document.get("reason") if isinstance(document, dict) else document
        raise FactProcessError(f"the environment cannot be observed: {reason}")
    return document
