"""Start the gateway, and tell it what to forward, serve and allow."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from deeprig.errors import DeeprigError
from deeprig.lab import cgroups
from deeprig.lab.state import LabState

_START_SECONDS = 20.0


def start(state: LabState) -> tuple[bool, int]:
    """Start the gateway unless it runs, wait until it takes commands, and tell it what it serves.

    Return whether it had to be started (its earlier forwards are gone then), and the loopback
    port on which the controller sees the served directories.
    """
    cgroup = cgroups.create(f"{state.id}.gateway")
    was_launched = not cgroups.is_populated(cgroup)
    if was_launched:
        _launch(state, cgroup)
    told = {"serve": dict(state.served), "allow": list(state.allowed_hosts)}
    return was_launched, int(tell(state, told)["loopback_port"])


def _launch(state: LabState, cgroup: Path) -> None:
    state.control_socket.unlink(missing_ok=True)
    command = [sys.executable, "-m", "deeprig.lab.gateway", str(state.directory), state.id]
    entering = 'echo $$ > "$0" && exec "$@"'
    log = state.directory / "gateway.log"
    with log.open("ab") as errors:
        process = subprocess.Popen(
            ["sh", "-c", entering, str(cgroup / "cgroup.procs"), *command],
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            start_new_session=True,
            cwd=Path(__file__).resolve().parents[2],
        )
    deadline = time.monotonic() + _START_SECONDS
    while not state.control_socket.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            tail = "\n".join(log.read_text(encoding="utf-8").splitlines()[-10:])
            raise DeeprigError(f"the lab's gateway did not start:\n{tail}", place=str(log))
        time.sleep(0.05)


def forward(state: LabState, address: str) -> int:
    """Return the loopback port that now leads to ``address`` (host:port) in the lab."""
    return int(tell(state, {"forward": address})["port"])


def tell(state: LabState, command: dict[str, Any]) -> dict[str, Any]:
    """Send one command and return the answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_START_SECONDS)
        connection.connect(str(state.control_socket))
        connection.sendall(json.dumps(command).encode() + b"\n")
        answer = connection.makefile().readline()
    return dict(json.loads(answer))
