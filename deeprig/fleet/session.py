"""Ask one host for its state: one connection, one command. Nothing is changed or left there."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from typing import Protocol

from pyinfra.api.exceptions import ConnectError, PyinfraError
from pyinfra.api.host import Host
from pyinfra.context import ctx_host

from deeprig.audit.collector import WITHOUT_ROOT, Reader, collect
from deeprig.engine.connector import ConnectionLost, explain_unreachable
from deeprig.errors import DeeprigError
from deeprig.fleet.model import HostState
from deeprig.fleet.state import Asked, Snapshot, read_state
from deeprig.inventory.model import DeclaredHost
from deeprig.masking import Masker


class FleetProgress(Protocol):
    """Receives what happens, for showing."""

    def host_started(self, host: str) -> None:
        """Note that a host is asked."""

    def host_finished(self, result: HostState) -> None:
        """Note how it answered."""


@dataclass(frozen=True, slots=True)
class Question:
    """What all hosts are asked: the program as text, the sections, and files of interest."""

    archive: str
    sections: tuple[str, ...]
    files: tuple[str, ...]
    sudo_password: str | None = None

    def reader(self, declared: DeclaredHost) -> Reader:
        """Return the program with its order for one host."""
        conda = declared.role_settings.get("conda")
        prefix = getattr(conda, "prefix", None)
        order = {
            "sections": self.sections,
            "names": (declared.name,),
            "files": self.files,
            "prefixes": (prefix,) if prefix else (),
        }
        return Reader(("fleet", json.dumps(order)), "the program that tells a host's state")


@dataclass(slots=True)
class Session:
    """One host while it is asked; ``state`` and ``snapshot`` are there once it has ended."""

    host: Host
    declared: DeclaredHost
    question: Question
    progress: FleetProgress
    started: float = field(default_factory=time.monotonic)
    state: HostState | None = None
    snapshot: Snapshot | None = None

    def run(self) -> None:
        """Ask the host."""
        self.started = time.monotonic()
        self.progress.host_started(self.declared.name)
        ctx_host.set(self.host)
        try:
            self.state = self._ended(self._asked())
        finally:
            ctx_host.reset()
        self.progress.host_finished(self.state)

    def finish(self) -> HostState:
        """Return how it answered; one that never came to its end was interrupted."""
        if self.state is None:
            reason = "interrupted before it answered"
            return self._ended(HostState(self.declared.name, "interrupted", reason))
        return self.state

    def _asked(self) -> HostState:
        name = self.declared.name
        masker = Masker.of(self.declared.settings, *self.declared.role_settings.values())
        try:
            self.host.connect(show_errors=False, raise_exceptions=True)
        except (ConnectError, PyinfraError) as error:  # a key file that cannot be used
            return _unreachable(self.declared, masker(str(error)))
        try:
            return self._answered(masker)
        except ConnectionLost as error:
            return HostState(name, "unreachable", str(error), "ask again when it answers")
        except DeeprigError as error:
            problem = error.problems[0]
            return HostState(name, "failed", problem.reason, problem.remedy)
        finally:
            self.host.disconnect()

    def _answered(self, masker: Masker) -> HostState:
        name, before = self.declared.name, time.time()
        collected = collect(
            self.host,
            self.question.archive,
            wants_sudo=self.declared.needs_sudo,
            password=self.question.sudo_password,
            masker=masker,
            reader=self.question.reader(self.declared),
        )
        self.snapshot = read_state(collected.text, name, Asked(before, time.time()))
        why = WITHOUT_ROOT.get(collected.how)
        note = f"read without root, so less is known: {why[0]}; {why[1]}" if why else None
        return HostState(name, "read", note=note)

    def _ended(self, state: HostState) -> HostState:
        return replace(state, seconds=round(time.monotonic() - self.started, 2))


def _unreachable(declared: DeclaredHost, message: str) -> HostState:
    problem = explain_unreachable(declared, message)
    reason = f"{problem.place}: {problem.reason}"
    return HostState(declared.name, "unreachable", reason, problem.remedy)
