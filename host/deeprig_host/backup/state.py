"""Capture what a machine is before its data is backed up: ``capture``.

It never stops a backup: a part that cannot be told is named with its reason, what was captured of
it earlier is kept, and all others are captured. A capture without change changes no file. One
capture at a time: the caller holds the lock of the backup.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from deeprig_host.backup.state_part import Budget, PartFailed, in_words, printable
from deeprig_host.backup.state_store import Index, Recorded, Store, read_index
from deeprig_host.backup.state_taking import TIDY, Taking
from deeprig_host.machine.commands import Machine

CONDA_PREFIXES = ("/opt/conda",)
#: Of the whole capture; one of an unchanged machine takes 10 ms.
_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Captured:
    """What came of a capture: its parts, and the files that changed or went.

    ``remarks`` are for a log: nothing is missing for them.
    """

    parts: tuple[Recorded, ...]
    changed: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Say whether every part was told; if not, the capture is partial."""
        return not self.reasons

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return what could not be told, and why: ``PART: REASON``."""
        return tuple(f"{printable(part.name)}: {part.reason}" for part in self.parts if part.reason)


def capture(
    machine: Machine,
    conda_prefixes: tuple[str, ...] = CONDA_PREFIXES,
    *,
    now: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    seconds: float = _SECONDS,
) -> Captured:
    """Bring the state's directory to what the machine is now. Raise nothing users can cause."""
    store = Store.of(machine)
    remarks: tuple[str, ...] = ()
    try:
        store.prepare()
        earlier = read_index(store.directory)
        marks = store.marks()
    except PartFailed as failed:
        remarks, earlier, marks = (f"{failed}; all is captured anew",), None, {}
    except OSError as error:
        return Captured((Recorded(TIDY, {}, in_words(error)),))
    work = Taking(store, earlier or Index("", ()), marks, now)
    work.take_all(machine, conda_prefixes, Budget(monotonic, monotonic() + seconds))
    work.finish(_host_name(machine))
    return Captured(tuple(work.parts), tuple(sorted(set(work.changed))), remarks)


def _host_name(machine: Machine) -> str:
    return machine.text("/etc/hostname") or ""
