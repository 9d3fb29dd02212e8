"""Inspect the hosts of a lab, several at once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pyinfra.api.config import Config
from pyinfra.context import ctx_config, ctx_inventory, ctx_state

from deeprig import __version__
from deeprig.audit.capability import capability_table
from deeprig.audit.collector import collector_archive
from deeprig.audit.inspection import InspectReport
from deeprig.audit.moment import now
from deeprig.audit.session import Inspector, InspectProgress, Session
from deeprig.engine.embedding import embed_pyinfra
from deeprig.engine.side_by_side import side_by_side
from deeprig.engine.state import RunState
from deeprig.inventory.load import Lab
from deeprig.inventory.model import DeclaredHost
from deeprig.selection import Selection
from deeprig.transport.choice import use_connector

#: The controller only waits and grades; a collector takes a second or two.
DEFAULT_PARALLEL = 20
_CONNECT_TIMEOUT_SECONDS = 10
NOTHING: Mapping[str, Any] = MappingProxyType({})


def inspect_lab(
    lab: Lab,
    selection: Selection,
    progress: InspectProgress,
    *,
    changes: Mapping[str, Any] = NOTHING,
    parallel: int = DEFAULT_PARALLEL,
    sudo_password: str | None = None,
) -> tuple[InspectReport, bool]:
    """Inspect the selected hosts. Return the report, and whether the person interrupted it.

    ``changes`` replace what the inventory declares of the hardware. Nothing is changed on a host,
    and nothing is left there. Raise UsageProblem for a selection that matches nothing.
    """
    hosts = selection.hosts_of(lab)
    inspector = Inspector(
        collector_archive(lab.content.file("host")), capability_table(lab.content), sudo_password
    )
    started, clock = now(), time.monotonic()
    embed_pyinfra()
    sessions = [_session(lab, host, inspector, progress, changes) for host in hosts]
    config = Config(CONNECT_TIMEOUT=_CONNECT_TIMEOUT_SECONDS)
    state = RunState(lab, selection, config)
    with ctx_state.use(state), ctx_inventory.use(lab.inventory), ctx_config.use(config):
        was_interrupted = side_by_side((session.run for session in sessions), parallel)
    report = InspectReport(
        started=started,
        finished=now(),
        seconds=round(time.monotonic() - clock, 2),
        version=__version__,
        inventory=str(lab.path),
        hosts=tuple(session.finish() for session in sessions),
    )
    return report, was_interrupted


def _session(
    lab: Lab,
    declared: DeclaredHost,
    inspector: Inspector,
    progress: InspectProgress,
    changes: Mapping[str, Any],
) -> Session:
    host = lab.inventory.get_host(declared.name)
    use_connector(host)
    hardware = declared.settings.hardware.changed(changes)
    return Session(host, declared, hardware, inspector, progress)
