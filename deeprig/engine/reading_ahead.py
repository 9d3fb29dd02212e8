"""When a run reads ahead: at its beginning, and again once the host has been left alone a while."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from deeprig.engine.host_run import HostJob, Operation
from deeprig.engine.operations import condition_holds
from deeprig.engine.remarks import take_remarks
from deeprig.transport.ahead import end_reading, first_command_of, read_ahead
from deeprig.transport.connector import LineConnector

#: Operations without a change, after one, before the rest is read ahead again; doubled each time,
#: so that a run that changes everything does not read everything anew all the time.
_FIRST_PATIENCE = 4


@dataclass(slots=True)
class ReadingAhead:
    """Reads ahead for one host's operations as they are run in their order."""

    job: HostJob
    patience: int = 0
    _position: int = 0
    _quiet: int = 0
    _drops: int = 0

    def before(self, operation: Operation) -> None:
        """Called before each operation: read ahead, from it on, where that is worth it."""
        connector = self.job.host.connector
        self._position += 1
        if not isinstance(connector, LineConnector) or connector.snapshot.is_open:
            return
        if connector.snapshot.drops > self._drops:
            self._drops, self._quiet = connector.snapshot.drops, 0
        self._quiet += 1
        if self._quiet <= self.patience:
            return
        self.patience = self.patience * 2 or _FIRST_PATIENCE
        self._quiet = 0
        self._read()

    def end(self) -> None:
        """Called after the last operation: what is read from now on is live."""
        end_reading(self.job.host)

    def _read(self) -> None:
        job = self.job
        rest = tuple(job.host.op_hash_order)[self._position - 1 :]
        operations = (job.state.get_op_data_for_host(job.host, one) for one in rest)
        _read_quietly(job, [first_command_of(data, condition_holds) for data in operations])


@contextmanager
def asked_together(job: HostJob, works: Iterable[Callable[[], object]]) -> Iterator[None]:
    """Within the block, works that only ask the host find their answers: they were asked at once.

    Each is called twice: here for what it asks, and in the block for what it does with it.
    """
    ready = tuple(works)
    if len(ready) > 1:
        _read_quietly(job, ready)
    try:
        yield
    finally:
        end_reading(job.host)


def _read_quietly(job: HostJob, works: Sequence[Callable[[], object]]) -> None:
    """Read ahead; what is said on the way is said again in its turn."""
    if read_ahead(job.host, works):
        job.log.last_lines(job.host.name)
        take_remarks(job.state, job.host.name)
