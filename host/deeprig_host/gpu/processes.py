"""Who uses a GPU: processes and their memory by user, never by what they run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import psutil
import pynvml

from deeprig_host.gpu.answers import Unanswered, ask
from deeprig_host.machine.commands import Machine

#: A process that has ended since, or that is another machine's (a guest of this one).
UNKNOWN_USER = "unknown"


@dataclass(frozen=True, slots=True)
class GpuProcess:
    """A process on a GPU; the driver does not always tell how much memory it has."""

    pid: int
    memory_bytes: int | None


@dataclass(frozen=True, slots=True)
class UserShare:
    """What one user's processes have of a GPU; no memory where it is not known of one of them."""

    user: str
    processes: int
    memory_bytes: int | None


def gpu_processes(handle: Any) -> tuple[GpuProcess, ...] | Unanswered:
    """Return the processes that compute or draw on a card, each once."""
    found: dict[int, GpuProcess] = {}
    answers = [_listed(handle, *calls) for calls in _lists()]
    for answer in answers:
        if not isinstance(answer, Unanswered):
            found |= {process.pid: process for process in answer}
    if isinstance(answers[0], Unanswered):
        return answers[0]  # without the list of those that compute the rest says little
    return tuple(found[pid] for pid in sorted(found))


def computing(handle: Any) -> tuple[GpuProcess, ...] | Unanswered:
    """Return the processes that compute on a card; a desktop only draws."""
    return _listed(handle, *_lists()[0])


def shares(processes: Iterable[GpuProcess], owner: Callable[[int], str]) -> tuple[UserShare, ...]:
    """Return one share per user, in the order of their names."""
    by_user: dict[str, list[int | None]] = {}
    for process in processes:
        by_user.setdefault(owner(process.pid), []).append(process.memory_bytes)
    return tuple(
        UserShare(user, len(sizes), _sum(sizes)) for user, sizes in sorted(by_user.items())
    )


class Owners:
    """Names of users by process, of local users only.

    A directory service (LDAP) is not asked: it may take long, and this must not wait for it.
    Its users are told as ``uid:12345``.
    """

    def __init__(self, machine: Machine) -> None:
        rows = [line.split(":") for line in (machine.text("/etc/passwd") or "").splitlines()]
        self._names = {row[2]: row[0] for row in reversed(rows) if len(row) > 2}

    def __call__(self, pid: int) -> str:
        """Return the name of a process's real user."""
        try:
            uid = str(psutil.Process(pid).uids().real)
        except psutil.Error:  # it has ended since, or is not ours to see
            return UNKNOWN_USER
        return self._names.get(uid, f"uid:{uid}")


def _lists() -> tuple[tuple[Any, Any], ...]:
    """Return the calls that list processes: of today, and of drivers before 510."""
    return (
        (
            pynvml.nvmlDeviceGetComputeRunningProcesses_v3,
            pynvml.nvmlDeviceGetComputeRunningProcesses_v2,
        ),
        (
            pynvml.nvmlDeviceGetGraphicsRunningProcesses_v3,
            pynvml.nvmlDeviceGetGraphicsRunningProcesses_v2,
        ),
    )


def _listed(handle: Any, call: Any, before_510: Any) -> tuple[GpuProcess, ...] | Unanswered:
    told = ask(call, handle)
    if isinstance(told, Unanswered) and told.code == pynvml.NVML_ERROR_FUNCTION_NOT_FOUND:
        told = ask(before_510, handle)
    if isinstance(told, Unanswered):
        return told
    return tuple(GpuProcess(int(one.pid), _size(one.usedGpuMemory)) for one in told)


def _size(told: int | None) -> int | None:
    return None if told is None else int(told)


def _sum(sizes: list[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None
