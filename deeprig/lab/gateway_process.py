"""Start the gateway, and tell it what to forward, serve and allow."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

from deeprig.errors import DeeprigError
from deeprig.lab import cgroups
from deeprig.lab.commands import launch
from deeprig.lab.state import LabState

_START_SECONDS = 20.0
_LAST_LINES = 10


def start(state: LabState) -> int:
    """Start the gateway unless it runs, wait until it takes commands, and tell it what it serves.

    Return the loopback port on which the controller sees the served directories.
    """
    cgroup = cgroups.create(f"{state.id}.gateway")
    if not cgroups.is_populated(cgroup):
        _launch(state, cgroup)
    told = {"serve": dict(state.served), "allow": list(state.allowed_hosts)}
    return int(tell(state, told)["loopback_port"])


def forward(state: LabState, address: str, wanted_port: int = 0) -> int:
    """Return the loopback port that now leads to ``address`` (host:port) in the lab.

    It is ``wanted_port`` where that can be had.
    """
    return int(tell(state, {"forward": address, "port": wanted_port})["port"])


def is_running(state: LabState) -> bool:
    """Say whether the lab's gateway has a process."""
    return cgroups.is_populated(cgroups.root() / f"{state.id}.gateway")


def tell(state: LabState, command: dict[str, Any]) -> dict[str, Any]:
    """Send one command and return the answer. Raise DeeprigError when none comes."""
    try:
        with _connect(state.directory) as connection:
            connection.sendall(json.dumps(command).encode() + b"\n")
            answer = connection.makefile().readline()
        return dict(json.loads(answer))
    except (OSError, ValueError) as error:
        raise DeeprigError(
            f"the lab's gateway does not answer ({error})",
            place=str(state.directory / "gateway.log"),
            remedy="run 'deeprig lab down', then 'deeprig lab up' again",
        ) from error


def _connect(directory: Path) -> socket.socket:
    """Connect by a short path: a Unix socket's has at most 107 bytes (unix(7))."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(_START_SECONDS)
        connection.connect(f"/proc/self/fd/{descriptor}/gateway.sock")
    except OSError:
        connection.close()
        raise
    finally:
        os.close(descriptor)
    return connection


def _launch(state: LabState, cgroup: Path) -> None:
    state.control_socket.unlink(missing_ok=True)
    command = (sys.executable, "-m", "deeprig.lab.gateway", str(state.directory), state.id)
    log = state.directory / "gateway.log"
    with log.open("ab") as errors:
        launch(cgroup, command, errors, directory=Path(__file__).resolve().parents[2])
    deadline = time.monotonic() + _START_SECONDS
    while not state.control_socket.exists():
        if not cgroups.is_populated(cgroup) or time.monotonic() > deadline:
            tail = "\n".join(log.read_text(encoding="utf-8").splitlines()[-_LAST_LINES:])
            raise DeeprigError(f"the lab's gateway did not start:\n{tail}", place=str(log))
        time.sleep(0.05)
