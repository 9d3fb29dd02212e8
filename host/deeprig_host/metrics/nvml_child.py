"""Ask NVML in a process of its own: a driver that hangs or crashes takes only that one along.

A fork of a program that has all modules loaded: it starts in milliseconds, loads the library
that is installed now, and holds no device of a driver that is to be replaced once it has ended.
"""

from __future__ import annotations

import os
import resource
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from typing import Protocol

import pynvml

from deeprig_host.gpu.answers import Unanswered, ask
from deeprig_host.gpu.library import NoNvml, gpu_at, nvml
from deeprig_host.gpu.processes import Owners
from deeprig_host.machine.commands import Machine
from deeprig_host.metrics.card_read import read_card, refused_card
from deeprig_host.metrics.nvml_failures import failure_of, nvml_failure
from deeprig_host.metrics.nvml_messages import (
    Begun,
    CardId,
    Ended,
    Listed,
    Message,
    Mistake,
    NoLibrary,
)

Send = Callable[[Message], None]


class Asking(Protocol):
    """What runs in the process: it sends messages, the last one Ended or Mistake."""

    def __call__(self, send: Send, skip: frozenset[int]) -> None:
        """Ask every GPU whose index is not in ``skip``."""


def asking(machine: Machine) -> Asking:
    """Return what asks the NVML of this machine."""

    def ask_all(send: Send, skip: frozenset[int]) -> None:
        try:
            with nvml():
                _tell_gpus(send, skip, machine)
        except NoNvml as error:
            send(NoLibrary(nvml_failure(error), str(error)))
        send(Ended())

    return ask_all


def fork(asks: Asking, skip: frozenset[int]) -> tuple[int, Connection]:
    """Start asking; return the process and where its messages come from. Raise OSError."""
    incoming, outgoing = Pipe(duplex=False)
    pid = os.fork()
    if pid == 0:
        try:
            # A driver that crashes does so in each pass: not a file on the disk for each.
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            asks(outgoing.send, skip)
        except Exception:  # noqa: BLE001 - whatever it is, it must not return into the caller
            outgoing.send(Mistake(traceback.format_exc()))
        finally:
            os._exit(0)
    outgoing.close()
    return pid, incoming


def _tell_gpus(send: Send, skip: frozenset[int], machine: Machine) -> None:
    """Open and ask each GPU in its turn, so that one that hangs when it is opened is known."""
    count = ask(pynvml.nvmlDeviceGetCount)
    if isinstance(count, Unanswered):
        send(NoLibrary(failure_of(count.code), str(count)))
        return
    send(Listed(count))
    owner = Owners(machine)
    for index in range(count):
        if index not in skip:
            _tell_gpu(send, index, owner)


def _tell_gpu(send: Send, index: int, owner: Owners) -> None:
    card = CardId(index, "")
    send(Begun(card))
    gpu = gpu_at(index)
    if isinstance(gpu, Unanswered):
        send(refused_card(card, gpu))
        return
    send(Begun(CardId(index, gpu.uuid)))
    send(read_card(gpu, owner))
