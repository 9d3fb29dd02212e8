"""Do something with a repository when it is free: dead locks go, a living one is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from deeprig_host.backup.answer import Answer
from deeprig_host.backup.declared import Repository
from deeprig_host.backup.restic import Restic

_POLL_SECONDS = 10.0
_CALL_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Reached:
    """The answer at last, who had the repository where it is still locked, and what was removed."""

    answer: Answer
    holder: str = ""
    remarks: tuple[str, ...] = ()


def when_free(restic: Restic, repository: Repository, attempt: Callable[[], Answer]) -> Reached:
    """Call ``attempt`` until the repository is not locked, for at most the declared wait."""
    end = time.monotonic() + repository.lock_wait_minutes * 60
    remarks: tuple[str, ...] = ()
    while True:
        answer = attempt()
        if answer.meaning != "locked":
            return Reached(answer, remarks=remarks)
        # Not above: mostly it is free.
        from deeprig_host.backup.repository_locks import can_unlock, describe, read_locks

        locks = read_locks(restic, repository)
        holder = describe(restic.machine, locks)
        if not remarks and locks and can_unlock(restic.machine, locks, time.time()):
            unlocked = restic.run(("unlock",), repository, seconds=_CALL_SECONDS)
            if not unlocked.is_good:
                return Reached(unlocked, holder)
            remarks = (f"unlocked it after a process that died: {holder}",)
            continue
        left = end - time.monotonic()
        if left <= 0:
            return Reached(answer, holder, remarks)
        time.sleep(min(_POLL_SECONDS, left))
