"""QEMU for one virtual machine: its own kernel, user networking, ssh on the loopback."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.sim.vm.disk import Disk

#: Where the machine finds the controller's loopback (QEMU's user networking).
CONTROLLER = "10.0.2.2"
_BOOT_SECONDS = 300
_MEMORY_MIB = 1024


@contextmanager
def running(disk: Disk, console: Path) -> Iterator[int]:
    """Boot a machine and yield the loopback port of its ssh; end it by its pid afterwards.

    Software emulation: a host whose own machine is virtual cannot be counted on for more.
    """
    port = _free_port()
    command = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2"]
    command += ["-m", str(_MEMORY_MIB), "-nographic", "-kernel", str(disk.kernel)]
    command += ["-initrd", str(disk.initrd), "-append", "root=/dev/vda rw console=ttyS0 quiet"]
    command += ["-drive", f"file={disk.image},if=virtio,format=raw,cache=unsafe"]
    command += ["-netdev", f"user,id=n0,hostfwd=tcp:127.0.0.1:{port}-:22"]
    command += ["-device", "virtio-net-pci,netdev=n0"]
    with console.open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _wait_for_ssh(port, process, console)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_for_ssh(port: int, process: subprocess.Popen[bytes], console: Path) -> None:
    deadline = time.monotonic() + _BOOT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                # QEMU itself accepts at once; only sshd greets.
                if connection.recv(4) == b"SSH-":
                    return
        except OSError:
            pass
        time.sleep(0.5)
    end = console.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise TimeoutError(f"the virtual machine's sshd does not answer:\n{end}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
