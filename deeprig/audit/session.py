"""Inspect one host: connect, collect, grade. Its trouble is its own, and nothing is left there."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from typing import Protocol

from pyinfra.api.exceptions import ConnectError, PyinfraError
from pyinfra.api.host import Host
from pyinfra.context import ctx_host

from deeprig.audit.collector import WITHOUT_ROOT, Collected, collect
from deeprig.audit.declaration import HardwareDeclaration
from deeprig.audit.grade import grade
from deeprig.audit.inspection import HostInspection
from deeprig.audit.machine import CapabilityByDevice
from deeprig.audit.read import read_facts
from deeprig.engine.connector import ConnectionLost, explain_unreachable
from deeprig.errors import DeeprigError
from deeprig.inventory.model import DeclaredHost
from deeprig.masking import Masker


class InspectProgress(Protocol):
    """Receives what happens, for showing."""

    def host_started(self, host: str) -> None:
        """Note that a host is asked."""

    def host_finished(self, result: HostInspection) -> None:
        """Note how it ended."""


@dataclass(frozen=True, slots=True)
class Inspector:
    """What all hosts of one inspection have in common."""

    archive: str
    capability_of: CapabilityByDevice
    sudo_password: str | None = None


@dataclass(slots=True)
class Session:
    """One host on its way through an inspection; ``result`` is there once it ended."""

    host: Host
    declared: DeclaredHost
    hardware: HardwareDeclaration
    inspector: Inspector
    progress: InspectProgress
    started: float = field(default_factory=time.monotonic)
    result: HostInspection | None = None

    def run(self) -> None:
        """Inspect the host."""
        self.started = time.monotonic()
        self.progress.host_started(self.declared.name)
        ctx_host.set(self.host)
        try:
            self.result = self._ended(_inspected(self))
        finally:
            ctx_host.reset()
        self.progress.host_finished(self.result)

    def finish(self) -> HostInspection:
        """Return the result; that of a host which never came to its end is an interruption."""
        if self.result is None:
            reason = "interrupted before it was graded"
            return self._ended(HostInspection(self.declared.name, "interrupted", reason))
        return self.result

    def _ended(self, result: HostInspection) -> HostInspection:
        return replace(
            result,
            declared=self.hardware.as_declared(),
            seconds=round(time.monotonic() - self.started, 2),
        )


def _inspected(session: Session) -> HostInspection:
    name, masker = session.declared.name, _masker(session.declared)
    try:
        session.host.connect(show_errors=False, raise_exceptions=True)
    except (ConnectError, PyinfraError) as error:  # a key file that cannot be used is the second
        return _unreachable(session.declared, masker(str(error)))
    try:
        collected = collect(
            session.host,
            session.inspector.archive,
            wants_sudo=session.declared.needs_sudo,
            password=session.inspector.sudo_password,
            masker=masker,
        )
        return graded(name, collected, session.hardware, session.inspector.capability_of)
    except ConnectionLost as error:
        return HostInspection(name, "unreachable", str(error), "inspect again when it answers")
    except DeeprigError as error:
        problem = error.problems[0]
        return HostInspection(name, "failed", problem.reason, problem.remedy)
    finally:
        session.host.disconnect()


def graded(
    name: str,
    collected: Collected,
    hardware: HardwareDeclaration,
    capability_of: CapabilityByDevice,
) -> HostInspection:
    """Return a host's facts, graded. Raise DeeprigError where they are none."""
    facts = read_facts(collected.text, name)
    why = WITHOUT_ROOT.get(collected.how)
    return HostInspection(
        name,
        "graded",
        is_root=collected.is_root,
        note=f"read without root, so less is known: {why[0]}; {why[1]}" if why else None,
        facts=json.loads(collected.text),
        audit=grade(facts, hardware, capability_of),
    )


def _unreachable(declared: DeclaredHost, message: str) -> HostInspection:
    problem = explain_unreachable(declared, message)
    reason = f"{problem.place}: {problem.reason}"
    return HostInspection(declared.name, "unreachable", reason, problem.remedy)


def _masker(declared: DeclaredHost) -> Masker:
    return Masker.of(declared.settings, *declared.role_settings.values())
