"""Ask hosts over OpenSSH, each once, side by side: one session, one command, one answer.

OpenSSH and not paramiko: it is there in the moment it takes to start a process, and needs nothing
of a whole run's 60 MB. What it does not reach, the run reaches in its own way.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from deeprig.recheck.record import Asked
from deeprig.transport.boot import boot_command
from deeprig.transport.far_side import pack

_MOST_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Order:
    """What one host is asked. ``expected`` are the digests of the answers, hex, in their order.

    ``file`` and ``text`` are the status to be left where all is the same; "" leaves none.
    """

    host: str
    ssh: tuple[str, ...]
    sudo: bool
    key: bytes
    asked: Sequence[Asked]
    expected: Sequence[str]
    file: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What came back. ``differs`` are numbers of questions; ``reason`` is why there is no answer.

    ``seconds`` is how long it took.
    """

    host: str
    differs: tuple[int, ...]
    reason: str
    seconds: float

    @property
    def is_same(self) -> bool:
        """Say whether every answer is what it was."""
        return not self.differs and not self.reason


@dataclass(slots=True)
class _Running:
    order: Order
    process: subprocess.Popen[bytes]
    mark: bytes
    began: float
    output: IO[bytes]
    received: bytearray


def ask_all(orders: Iterable[Order], parallel: int, told: Callable[[Told], None]) -> None:
    """Ask the hosts, ``parallel`` at a time, and give each one's answer to ``told`` as it comes.

    Who ends this by an exception (Ctrl-C) ends what runs; nothing on a host depends on it.
    """
    waiting = deque(orders)
    program = _program()
    with selectors.DefaultSelector() as selector:
        try:
            while waiting or selector.get_map():
                while waiting and len(selector.get_map()) < parallel:
                    order = waiting.popleft()
                    try:
                        running = _start(order, program)
                    except OSError as error:  # no OpenSSH here, or no more processes
                        told(Told(order.host, (), str(error), 0.0))
                        continue
                    selector.register(running.output, selectors.EVENT_READ, running)
                if not selector.get_map():
                    continue
                for key, _ in selector.select():
                    running = key.data
                    part = os.read(key.fd, _MOST_BYTES)
                    running.received += part
                    if not part or len(running.received) > _MOST_BYTES:
                        selector.unregister(key.fileobj)
                        told(_ended(running))
        finally:
            for key in list(selector.get_map().values()):
                key.data.process.kill()
                key.data.process.wait()


def payload(order: Order, mark: str, program: bytes) -> bytes:
    """Return all that goes to a host's interpreter."""
    fields = [order.key, order.file.encode(), order.text.encode()]
    for asked, expected in zip(order.asked, order.expected, strict=True):
        fields += [word.encode() for word in (asked.shell, asked.text, asked.look, expected)]
    return f"{mark}\n".encode() + program + pack(fields)


def _program() -> bytes:
    here = Path(__file__).parent
    texts = (here.parent / "transport" / "far_side.py", here / "far_end.py")
    text = "\n".join(path.read_text(encoding="utf-8") for path in texts)
    # What is typed for a reader is not for the host, and may be said only once, at the beginning.
    return text.replace("from __future__ import annotations\n", "").encode()


def _start(order: Order, program: bytes) -> _Running:
    mark = os.urandom(12).hex()
    own = b"from __future__ import annotations\n" + program
    own += f"\nrecheck(b'{mark}')\n".encode()
    command = boot_command(mark, own)
    words = [*order.ssh, f"sudo -H -n {command}" if order.sudo else command]
    # A file: OpenSSH reads its input when it is logged in, and a pipe would have us wait for that.
    with os.fdopen(os.memfd_create("deeprig-recheck"), "wb", buffering=0) as source:
        source.write(payload(order, mark, own))
        source.seek(0)
        process = subprocess.Popen(
            words, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    if process.stdout is None:
        raise OSError("a process without output")
    began = time.monotonic()
    return _Running(order, process, mark.encode(), began, process.stdout, bytearray())


def _ended(running: _Running) -> Told:
    process = running.process
    if len(running.received) > _MOST_BYTES:
        process.kill()
    running.output.close()
    code = process.wait()
    seconds = time.monotonic() - running.began
    _, mark, rest = bytes(running.received).rpartition(running.mark)
    words = rest.split()
    if code or not mark or not words:
        return Told(running.order.host, (), f"no answer (ssh: {code})", seconds)
    if words == [b"same"]:
        return Told(running.order.host, (), "", seconds)
    with suppress(ValueError):
        return Told(running.order.host, tuple(map(int, words)), "", seconds)
    return Told(running.order.host, (), "not understood", seconds)
