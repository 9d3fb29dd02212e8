"""The workers of a burn: started together, heard, and gone when we are."""

from __future__ import annotations

import contextlib
import os
import pwd
import selectors
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

from deeprig_host.burn.told import (
    BadLine,
    End,
    Failed,
    MemoryReady,
    Pass,
    Ready,
    Second,
    parse,
)
from deeprig_host.machine.refusal import Refused

_ERROR_BYTES = 4096
#: A killed process is gone at once, unless a driver holds it.
_GONE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Order:
    """A worker to start: its name for people, its words, what it needs of an environment.

    ``account`` is whose it becomes where we are root.
    """

    name: str
    words: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    account: str = "nobody"


@dataclass(slots=True)
class Worker:
    """A worker and all that it told. ``fault`` is why it is no proof; empty while it is one."""

    order: Order
    process: subprocess.Popen[bytes]
    errors: IO[bytes]
    heard: float
    ready: Ready | MemoryReady | None = None
    seconds: list[Second] = field(default_factory=list)
    passes: list[Pass] = field(default_factory=list)
    has_said_end: bool = False
    has_ended: bool = False
    fault: str = ""
    rest: bytes = b""

    @property
    def is_at_work(self) -> bool:
        """Say whether more is expected of it."""
        return not self.has_ended and not self.fault


class Crew:
    """Workers side by side. Use it as a context: its end is theirs."""

    def __init__(self, orders: tuple[Order, ...]) -> None:
        """Keep what is to be started."""
        self._orders = orders
        self._files = contextlib.ExitStack()
        self._selector = selectors.DefaultSelector()
        self.workers: tuple[Worker, ...] = ()

    def __enter__(self) -> Crew:
        """Start the workers; each gets ready, and waits."""
        try:
            for order in self._orders:
                worker = _start(order, self._files.enter_context(tempfile.TemporaryFile()))
                self.workers = (*self.workers, worker)
                if worker.process.stdout is not None:
                    self._selector.register(worker.process.stdout, selectors.EVENT_READ, worker)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End whoever still works."""
        self._end()

    def wait_until_ready(self, seconds: float) -> None:
        """Hear until everybody is ready or has failed; who is not by then has failed."""
        until = time.monotonic() + seconds
        while any(w.is_at_work and w.ready is None for w in self.workers):
            if time.monotonic() >= until:
                for worker in self.workers:
                    if worker.ready is None:
                        worker.fault = worker.fault or f"not ready within {seconds:g} s"
                return
            self.hear(1.0)

    def go(self) -> None:
        """Have everybody who is ready begin."""
        for worker in self.workers:
            worker.heard = time.monotonic()
            if worker.is_at_work and worker.process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):  # it has died: its exit code says why
                    worker.process.stdin.write(b"go\n")
                    worker.process.stdin.flush()

    def hear(self, seconds: float) -> None:
        """Take in what is said within a time."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and self._selector.get_map():
            for key, _ in self._selector.select(left):
                self._hear(key.data)

    def silence(self, longest_seconds: float) -> None:
        """Note who has said nothing for too long: it hangs, and so may its device."""
        for worker in self.workers:
            quiet = time.monotonic() - worker.heard
            if worker.is_at_work and quiet > longest_seconds:
                worker.fault = f"it has said nothing for {quiet:.0f} s: it hangs"

    @property
    def is_at_work(self) -> bool:
        """Say whether anybody still works."""
        return any(worker.is_at_work for worker in self.workers)

    def _hear(self, worker: Worker) -> None:
        stdout = worker.process.stdout
        if stdout is None:
            return
        chunk = os.read(stdout.fileno(), 65536)
        if not chunk:
            self._selector.unregister(stdout)
            _note_end(worker)
            return
        worker.heard = time.monotonic()
        *lines, worker.rest = (worker.rest + chunk).split(b"\n")
        for line in lines:
            _take(worker, line.decode("utf-8", "replace"))

    def _end(self) -> None:
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.process.kill()
        for worker in self.workers:
            _let_go(worker)
        self._selector.close()
        self._files.close()


def _let_go(worker: Worker) -> None:
    """Wait for a killed worker; not for one that hangs in the kernel, which no signal ends."""
    for pipe in (worker.process.stdin, worker.process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):  # what it never read is of no use to it
                pipe.close()
    try:
        worker.process.wait(_GONE_SECONDS)
    except subprocess.TimeoutExpired:
        worker.fault = worker.fault or "it hangs in the kernel, where nothing can end it"


def _start(order: Order, errors: IO[bytes]) -> Worker:
    account = _account(order.account) if os.geteuid() == 0 else None
    process = subprocess.Popen(
        order.words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/", **order.environment},
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=() if account else None,
    )
    return Worker(order, process, errors, time.monotonic())


def _account(name: str) -> pwd.struct_passwd:
    """Return a user of this machine. Raise Refused where there is none of the name."""
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise Refused(
            f"there is no user {name}", remedy="name one with --account", outcome="failed"
        ) from None


def _take(worker: Worker, line: str) -> None:
    try:
        told = parse(line)
    except BadLine as bad:
        worker.fault = worker.fault or f"it said what no worker says: {bad}"
        return
    if isinstance(told, Ready | MemoryReady):
        worker.ready = told
    elif isinstance(told, Second):
        worker.seconds.append(told)
    elif isinstance(told, Pass):
        worker.passes.append(told)
    elif isinstance(told, Failed):
        worker.fault = worker.fault or told.reason
    elif isinstance(told, End):
        worker.has_said_end = True


def _note_end(worker: Worker) -> None:
    code = worker.process.wait()
    worker.has_ended = worker.has_said_end and code == 0
    if worker.has_ended:
        return
    worker.fault = worker.fault or f"it ended early: {_said(worker, code)}"


def _said(worker: Worker, code: int) -> str:
    size = worker.errors.seek(0, os.SEEK_END)
    worker.errors.seek(max(0, size - _ERROR_BYTES))
    lines = worker.errors.read().decode("utf-8", "replace").strip().splitlines()
    how = f"signal {-code}" if code < 0 else f"exit {code}"
    # The kernel's OOM killer sends it; so does a person, and `dmesg` tells which.
    told = "; was it short of memory? `dmesg` tells" if code == -9 else ""
    return f"{how}{told}" + (f": {lines[-1][:300]}" if lines else "")
