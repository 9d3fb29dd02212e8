"""Which connector an SSH host gets: ours, unless the person at the controller says otherwise."""

from __future__ import annotations

import os

from pyinfra.api.host import Host
from pyinfra.connectors.base import BaseConnector
from pyinfra.connectors.ssh import SSHConnector

from deeprig.engine.connector import QuickSSHConnector, WatchedSSHConnector
from deeprig.errors import UsageProblem
from deeprig.transport.connector import LineConnector

#: For comparing: ``stock`` sends and receives as pyinfra's own connector does, ``quick`` the same
#: without Nagle's delay. Both know of lost connections: that is the engine's business.
VARIABLE = "DEEPRIG_TRANSPORT"
_CONNECTORS: dict[str, type[BaseConnector]] = {
    "line": LineConnector,
    "quick": QuickSSHConnector,
    "stock": WatchedSSHConnector,
}
DEFAULT = "line"


def use_connector(host: Host) -> None:
    """Give an SSH host the connector asked for; other connectors (@local ...) stay.

    Raise UsageProblem for a name that is none.
    """
    name = os.environ.get(VARIABLE) or DEFAULT
    if name not in _CONNECTORS:
        known = ", ".join(_CONNECTORS)
        raise UsageProblem(f"{VARIABLE}={name}: no such transport", remedy=f"one of: {known}")
    if host.connector_cls in (SSHConnector, *_CONNECTORS.values()):
        host.connector_cls = _CONNECTORS[name]
