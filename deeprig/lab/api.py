"""Make, find and remove labs. The command line and the tests are its users."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from deeprig.errors import UsageProblem
from deeprig.lab import access, cgroups, gateway_process, image, machine, network, writing
from deeprig.lab.requirements import check_requirements
from deeprig.lab.state import (
    FIRST_HOST,
    MOST_HOSTS,
    NETWORK,
    PROXY_PORT,
    LabHost,
    LabState,
)

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LabSpec:
    """What ``lab up`` was asked for. ``hosts`` counts those that shall be there in the end."""

    directory: Path
    hosts: int = 1
    os: str = "debian12"
    served: tuple[tuple[str, Path], ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    data: Path | None = None


def up(spec: LabSpec, note: Note = lambda text: None) -> LabState:
    """Bring a lab up, or add hosts to one that is, and write its inventory."""
    check_requirements()
    if not 1 <= spec.hosts <= MOST_HOSTS:
        raise UsageProblem(f"a lab has 1 to {MOST_HOSTS} hosts", place="--hosts")
    made = image.image_of(spec.os)
    note(f"base image {made.path.name}: {'cached' if made.was_cached else 'made'}")
    state = _ground(spec, made.path)
    network.create(state.id)
    state = replace(state, loopback_port=gateway_process.start(state))
    state.save()
    note(f"network {state.id} with its gateway is up")
    new: list[LabHost] = []
    while len(state.hosts) < spec.hosts:
        host = _add(state, spec.os, made.path)
        state = state.with_host(host)
        state.save()
        new.append(host)
    for host in new:
        started = time.monotonic()
        machine.wait_until_ssh_answers(state, host)
        note(f"{host.name} ({host.os}) answers ssh after {time.monotonic() - started:.1f} s more")
    writing.write_inventory(state, spec.data)
    return state


def load(directory: Path) -> LabState:
    """Return the lab of a directory. Raise UsageProblem when there is none."""
    state = LabState.load(directory)
    if state is None:
        raise UsageProblem(
            "there is no lab", place=str(directory), remedy="run 'deeprig lab up' first"
        )
    return state


def down(directory: Path, note: Note = lambda text: None) -> None:
    """Remove a lab: its processes, namespace, mounts and files. Works after a killed ``up`` too.

    It goes by what is there, not by what was written down; a second call finds nothing to do.
    """
    state = LabState(directory.resolve())
    for cgroup in cgroups.of_lab(state.id):
        cgroups.end(cgroup)
        note(f"ended {cgroup.name.rpartition('.')[2]}")
    network.remove(state.id)
    image.remove_unfinished()
    if (state.directory / "state.json").exists() or (state.directory / "machines").exists():
        shutil.rmtree(state.directory)
        note(f"removed {state.directory}")


def _ground(spec: LabSpec, base: Path) -> LabState:
    """Write the state before anything else is made, so that ``down`` always finds a lab."""
    directory = spec.directory.resolve()
    state = LabState.load(directory) or LabState(directory)
    for name, path in spec.served:
        if not path.is_dir():
            raise UsageProblem(f"{path} is no directory", place=f"--serve {name}")
    served = dict(state.served) | {name: str(path.resolve()) for name, path in spec.served}
    allowed = {
        *state.allowed_hosts,
        *access.allowed_hosts(),
        *access.source_hosts(base),
        *spec.allowed_hosts,
    }
    state = replace(state, served=tuple(served.items()), allowed_hosts=tuple(sorted(allowed)))
    directory.mkdir(parents=True, exist_ok=True)
    state.save()
    writing.write_key(state)
    return state


def _add(state: LabState, os_name: str, base: Path) -> LabHost:
    number = len(state.hosts) + 1
    address = f"{NETWORK}.{FIRST_HOST + number - 1}"
    port = gateway_process.forward(state, f"{address}:22")
    host = LabHost(f"rig{number}", os_name, address, port)
    public_key = machine.prepare(state, host)
    writing.add_known_host(state, port, public_key)
    machine.start(state, host, base)
    return host


__all__ = ["PROXY_PORT", "LabHost", "LabSpec", "LabState", "down", "load", "up"]
