"""Tell systemd how we are: the datagrams of sd_notify(3)."""

from __future__ import annotations

import os
import socket


def notify(*states: str) -> None:
    """Send states such as ``READY=1``; nothing where systemd did not start us.

    Raise OSError when systemd's socket cannot be reached: without it the watchdog would end us.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.sendto("\n".join(states).encode(), address)


def watchdog_seconds() -> float | None:
    """Return how long systemd waits for a sign of life; None where it does not wait."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    pid = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdigit() or pid != str(os.getpid()):
        return None
    return int(microseconds) / 1_000_000
