"""One host's run, from connection to result: nothing that happens here reaches another host."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pyinfra.api.exceptions import ConnectError, PyinfraError
from pyinfra.api.host import Host
from pyinfra.context import ctx_config, ctx_host
from pyinfra_cli.exceptions import UnexpectedExternalError
from pyinfra_cli.util import exec_file

from deeprig.compose import role_context
from deeprig.engine.connector import ConnectionLost, explain_unreachable, loss_of
from deeprig.engine.embedding import HostLog
from deeprig.engine.hold import Hold
from deeprig.engine.host_lock import Claim
from deeprig.engine.interruption import Abandoned, Interruption
from deeprig.engine.operations import role_and_name
from deeprig.engine.progress import Progress
from deeprig.engine.state import RunState
from deeprig.errors import DeclarationRefused, DeeprigError
from deeprig.inventory.model import DeclaredHost
from deeprig.masking import Masker
from deeprig.report.model import HostRun, OperationResult
from deeprig.role import AnyRole, RoleContext
from deeprig.transport.round_trips import trips_of

#: Told where it did not work: the run is as good, but slower.
_LINE = "Ask over an open line"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation registered for a host."""

    hash: str
    role: str
    name: str


@dataclass(slots=True)
class HostJob:
    """A host on its way through the run; ``run`` is its result so far."""

    host: Host
    declared: DeclaredHost
    state: RunState
    log: HostLog
    progress: Progress
    masker: Masker
    interruption: Interruption
    run: HostRun
    claim: Claim
    hold: Hold | None = None
    current: Operation | None = None
    started: float = field(default_factory=time.monotonic)

    @property
    def is_going(self) -> bool:
        """Say whether nothing has ended this host's run yet."""
        return self.run.status == "ok"

    def connect(self) -> None:
        """Connect; a failure ends this host's run as unreachable."""
        with self.contained():
            self.progress.host_connecting(self.host.name)
            try:
                self.host.connect(show_errors=False, raise_exceptions=True)
            except ConnectError as error:
                self._unreachable(str(error))
                return
            except PyinfraError as error:  # a key file that cannot be used, and its kin
                self._unreachable(str(error))
                return
            self.state.activate_host(self.host)

    def prepare(self, deploy_script: Path) -> None:
        """Execute the deploy script for this host; its operations are registered, not run."""
        with self.contained():
            exec_file(str(deploy_script))
            facts = self.state.facts.get(self.host.name)
            self.run = replace(self.run, facts=asdict(facts) if facts else {})
            self.progress.host_ready(self.host.name, len(self.host.op_hash_order))

    def operations(self) -> Iterator[Operation]:
        """Yield the registered operations in order, until one fails or a stop is asked for."""
        # A copy: an operation called inside another registers itself while we iterate.
        for position, op_hash in enumerate(tuple(self.host.op_hash_order), start=1):
            operation = Operation(op_hash, *role_and_name(self.state.get_op_meta(op_hash)))
            if self.interruption.is_asked:
                self.run = replace(self.run, status="interrupted")
            if not self.is_going:
                self._add(OperationResult(operation.role, operation.name, "not run"))
                continue
            self.current = operation
            self.progress.operation_started(
                self.host.name, operation.role, operation.name, position
            )
            yield operation
            self.current = None

    def say(self, told: str) -> None:
        """Tell what the operation under way waits for."""
        if self.current is not None:
            self.progress.operation_says(
                self.host.name, self.current.role, self.current.name, self.masker(told)
            )

    def record(self, result: OperationResult) -> None:
        """Add a result; a failed one ends this host's run."""
        self._add(result)
        self.progress.operation_finished(self.host.name, result)
        if result.status == "failed":
            self.fail(f"{result.role}: {result.name} failed")

    def fail(self, reason: str, remedy: str | None = None) -> None:
        """End this host's run as failed."""
        self.run = replace(self.run, status="failed", reason=self.masker(reason), remedy=remedy)

    def refuse(self, refusal: DeclarationRefused) -> None:
        """End this host's run as refused, with every problem of its declaration."""
        own = f"{self.host.name}: "  # the report names the host itself
        problems = [replace(p, place=p.place.removeprefix(own)) for p in refusal.problems]
        first, *more = problems
        reason = "\n".join(map(str, problems)) if more else str(replace(first, remedy=None))
        remedy = None if more else first.remedy
        self.run = replace(self.run, status="refused", reason=self.masker(reason), remedy=remedy)

    def lose(self, lost: ConnectionLost) -> None:
        """End this host's run: the connection is lost, and with it what became of the work."""
        where = f"while in {self.current.role}: {self.current.name}: " if self.current else ""
        goes_on = ""
        if lost.unit is not None:
            goes_on = f"; what was running goes on there as unit {lost.unit}"
        self.run = replace(
            self.run,
            status="unreachable",
            reason=f"{where}{lost}{goes_on}",
            remedy="run again when the host answers: what still runs there is waited for",
        )

    def told_by(self, error: Exception) -> str:
        """Return what a person needs of an exception: its text, and what pyinfra said before."""
        cause = _cause(error)
        is_ours = isinstance(cause, PyinfraError | DeeprigError)
        text = str(cause) if is_ours else f"{type(cause).__name__}: {cause}"
        said = self.log.last_lines(self.host.name)
        return self.masker(f"{text}\n{said}" if said else text)

    def finish(self) -> HostRun:
        """Return the result, with the whole time this host took."""
        trips = trips_of(self.host)
        if trips is not None and trips.without_line is not None:
            note = f"asked one by one, no line could be had: {trips.without_line}"
            self._add(OperationResult("transport", _LINE, "unchanged", notes=(self.masker(note),)))
        self.run = replace(
            self.run,
            seconds=round(time.monotonic() - self.started, 2),
            round_trips=trips.total if trips is not None else None,
        )
        self.progress.host_finished(self.run)
        return self.run

    def roles_run(self) -> Iterator[tuple[AnyRole, RoleContext[Any]]]:
        """Yield the roles that registered operations here, each with its context."""
        lab, facts = self.state.lab, self.state.facts.get(self.host.name)
        if facts is None:  # it never got so far as to be asked
            return
        for name in dict.fromkeys(result.role for result in self.run.operations if result.role):
            if name in self.declared.role_settings:
                role = lab.content.role(name)
                context = role_context(
                    role, self.declared, facts, lab.content, lab.directory, self.state.update
                )
                yield role, context

    def has_transactional_roles(self) -> bool:
        """Say whether a role ran here whose changes must be settled."""
        return any(role.is_transactional for role, _ in self.roles_run())

    def note_simulated(self) -> None:
        """Ask the roles what on this host is simulated, and put it into the report."""
        with self.contained():
            told = (role.simulated(context) for role, context in self.roles_run())
            self.run = replace(self.run, simulated=tuple(text for text in told if text))

    def contained(self) -> _Contained:
        """Return a context in which whatever is raised ends this host's run, and only this."""
        return _Contained(self)

    def _add(self, result: OperationResult) -> None:
        self.run = replace(self.run, operations=(*self.run.operations, result))

    def _unreachable(self, message: str) -> None:
        problem = explain_unreachable(self.declared, message)
        self.run = replace(
            self.run,
            status="unreachable",
            reason=self.masker(f"{problem.place}: {problem.reason}"),
            remedy=problem.remedy,
        )


class _Contained:
    """Sets pyinfra's context of one host, and turns exceptions into that host's result.

    pyinfra lets a plain exception in one host's fact parser abort the run of all hosts.
    """

    def __init__(self, job: HostJob) -> None:
        self._job = job
        self._contexts: list[Callable[[], None]] = []

    def __enter__(self) -> None:
        job = self._job
        ctx_host.set(job.host)
        ctx_config.set(job.state.config.copy())

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        ctx_host.reset()
        ctx_config.reset()
        job = self._job
        if error is None:
            return True
        if isinstance(error, Abandoned):
            where = f"{job.current.role}: {job.current.name}" if job.current else None
            job.run = replace(job.run, status="interrupted", in_operation=where)
            return True
        if not isinstance(error, Exception):
            return False
        lost = error if isinstance(error, ConnectionLost) else loss_of(job.host)
        if lost is not None:
            job.lose(lost)
            return True
        refusal = _cause(error)
        if isinstance(refusal, DeclarationRefused):
            job.refuse(refusal)
            return True
        job.fail(job.told_by(error), _remedy(error))
        return True


def _cause(error: Exception) -> Exception:
    """Return what a deploy script raised, which pyinfra wraps."""
    return error.exception if isinstance(error, UnexpectedExternalError) else error


def _remedy(error: Exception) -> str | None:
    if isinstance(error, UnexpectedExternalError | PyinfraError | DeeprigError | OSError):
        return None
    return "this looks like a mistake in a role: run again with -v and report what it prints"
