"""What the network role asks a host: its whole network, and how this connection came in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyinfra.api.command import StringCommand
from pyinfra.api.exceptions import FactProcessError
from pyinfra.api.facts import FactBase

from deeprig.tasks.host_answers import sent_along


class NetworkObservation(FactBase[Mapping[str, Any] | None]):
    """One look at interfaces, renderer, configuration files and an open change.

    None where the host has no python3. Nothing is changed, and no file's content is told.
    """

    def command(self, programs: str) -> StringCommand:
        """Return the command; ``programs`` is the controller's directory of ``deeprig_host``."""
        return sent_along(Path(programs), "network", "observe")

    @staticmethod
    def default() -> Mapping[str, Any] | None:
        """Return None: nothing is known."""
        return None

    def process(self, output: list[str]) -> Mapping[str, Any] | None:
        """Parse the document. Raise FactProcessError when it is none, or tells of a failure."""
        if output == ["none"]:
            return None
        try:
            document = json.loads("\n".join(output))
        except ValueError as error:
            told = "\n".join(output)[:300]
            raise FactProcessError(f"the network observation is unreadable: {told}") from error
        if not isinstance(document, dict) or "interfaces" not in document:
            reason = document.get("reason") if isinstance(document, dict) else document
            raise FactProcessError(f"the network cannot be observed: {reason}")
        return document


class SshConnection(FactBase[str]):
    """sshd's SSH_CONNECTION: client address, client port, own address, own port; "" without.

    To be asked without sudo, which clears it.
    """

    def command(self) -> str:
        """Return the command."""
        return 'printf "%s\\n" "$SSH_CONNECTION"'

    @staticmethod
    def default() -> str:
        """Return that there is none."""
        return ""

    def process(self, output: list[str]) -> str:
        """Return the line."""
        return output[0].strip() if output else ""
