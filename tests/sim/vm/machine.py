"""QEMU for one virtual machine: its own kernel, user networking, ssh on the loopback."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.sim.vm.disk import Disk

#: Where the machine finds the controller's loopback (QEMU's user networking).
CONTROLLER = "10.0.2.2"
_BOOT_SECONDS = 300


@contextmanager
def running(disk: Disk, console: Path) -> Iterator[int]:
    """Boot a machine and yield the loopback port of its ssh; end it by its pid afterwards."""
    port = _free_port()
    command = disk.command()
    command += ["-netdev", f"user,id=n0,hostfwd=tcp:127.0.0.1:{port}-:22"]
    command += ["-device", "virtio-net-pci,netdev=n0"]
    with process(command, console) as machine:
        _wait_for(lambda: _greets(port), machine, console)
        yield port


@contextmanager
def process(command: list[str], console: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run QEMU with its console in a file; end it by its pid afterwards."""
    with console.open("wb") as log:
        machine = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield machine
    finally:
        machine.terminate()
        machine.wait()


def wait_for_ssh(
    beside: Callable[..., list[str]],
    address: str,
    machine: subprocess.Popen[bytes],
    console: Path,
) -> None:
    """Wait until sshd greets at an address; ``beside`` makes commands that run where it is seen."""
    greeting = f"exec 3<>/dev/tcp/{address}/22 && head -c 4 <&3 | grep -q SSH-"
    command = beside("timeout", "5", "bash", "-c", greeting)

    def greets() -> bool:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    _wait_for(greets, machine, console)


def _greets(port: int) -> bool:
    """Say whether sshd greets; QEMU itself accepts at once."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _wait_for(is_up: Callable[[], bool], machine: subprocess.Popen[bytes], console: Path) -> None:
    deadline = time.monotonic() + _BOOT_SECONDS
    while time.monotonic() < deadline and machine.poll() is None:
        if is_up():
            return
        time.sleep(0.5)
    end = console.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise TimeoutError(f"the virtual machine's sshd does not answer:\n{end}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
