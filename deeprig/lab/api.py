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


_INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
#: Every host's systemd takes several; the usual 128 hangs about thirty hosts at boot.
_INOTIFY_INSTANCES = 8192


@dataclass(frozen=True, slots=True)
class LabSpec:
    """What ``lab up`` was asked for. ``hosts`` counts those that shall be there in the end."""

    directory: Path
    hosts: int = 1
    os: str = "debian12"
    served: tuple[tuple[str, Path], ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    data: Path | None = None
    mirror: str | None = None


def up(spec: LabSpec, note: Note = lambda text: None) -> LabState:
    """Bring a lab up, or complete one that is: stopped hosts are started, missing ones added."""
    check_requirements()
    _check(spec)
    state = _ground(spec)
    made = image.image_of(spec.os, state.id, spec.mirror)
    note(f"base image {made.path.name}: {'cached' if made.was_cached else 'made'}")
    state = _allow(state, access.source_hosts(made.path))
    _raise_inotify_limit(note)
    network.create(state.id)
    was_launched, loopback_port = gateway_process.start(state)
    state = replace(state, loopback_port=loopback_port)
    state.save()
    note(f"network {state.id} with its gateway is up")
    for host in _wanted(state, spec, made.path):
        state = _start(state, host, needs_forward=was_launched or not host.ssh_port)
    writing.write_known_hosts(state)
    for host in state.hosts:
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
    directory = directory.resolve()
    is_lab = LabState.load(directory) is not None  # never remove what is no lab's directory
    state = LabState(directory)
    for cgroup in cgroups.of_lab(state.id):
        cgroups.end(cgroup)
        note(f"ended {cgroup.name.rpartition('.')[2]}")
    network.remove(state.id)
    image.remove_unfinished(state.id)
    if is_lab:
        shutil.rmtree(directory)
        note(f"removed {directory}")


def _check(spec: LabSpec) -> None:
    """Raise UsageProblem for what would fail later, with hosts already up."""
    if not 1 <= spec.hosts <= MOST_HOSTS:
        raise UsageProblem(f"a lab has 1 to {MOST_HOSTS} hosts", place="--hosts")
    if spec.os not in image.RELEASES:
        known = ", ".join(image.RELEASES)
        raise UsageProblem(
            f"there is no image {spec.os!r}", place="--os", remedy=f"one of: {known}"
        )
    for name, path in spec.served:
        if not path.is_dir():
            raise UsageProblem(f"{path} is no directory", place=f"--serve {name}")
    if spec.data is not None and not spec.data.is_file():
        raise UsageProblem("there is no such file", place=f"--data {spec.data}")


def _ground(spec: LabSpec) -> LabState:
    """Write the state before anything else is made, so that ``down`` always finds a lab."""
    directory = spec.directory.resolve()
    state = LabState.load(directory) or LabState(directory)
    served = dict(state.served) | {name: str(path.resolve()) for name, path in spec.served}
    directory.mkdir(parents=True, exist_ok=True)
    state = replace(state, served=tuple(served.items()))
    state = _allow(state, (*access.allowed_hosts(), *spec.allowed_hosts))
    writing.write_key(state)
    return state


def _allow(state: LabState, hosts: tuple[str, ...]) -> LabState:
    allowed = {*state.allowed_hosts, *(host.lower() for host in hosts)}
    state = replace(state, allowed_hosts=tuple(sorted(allowed)))
    state.save()
    return state


def _wanted(state: LabState, spec: LabSpec, base: Path) -> tuple[LabHost, ...]:
    """Return the hosts there are, and those that are still missing."""
    new = (
        LabHost(f"rig{n}", spec.os, f"{NETWORK}.{FIRST_HOST + n - 1}", 0, str(base))
        for n in range(len(state.hosts) + 1, spec.hosts + 1)
    )
    return (*state.hosts, *new)


def _start(state: LabState, host: LabHost, *, needs_forward: bool) -> LabState:
    """Forward to a host and boot it unless it runs; written down before it is started."""
    if needs_forward:
        host = replace(host, ssh_port=gateway_process.forward(state, f"{host.address}:22"))
    state = state.with_host(host)
    state.save()
    if not machine.is_running(state, host):
        machine.prepare(state, host)
        machine.start(state, host)
    return state


def _raise_inotify_limit(note: Note) -> None:
    if int(_INOTIFY.read_text(encoding="ascii")) < _INOTIFY_INSTANCES:
        _INOTIFY.write_text(str(_INOTIFY_INSTANCES), encoding="ascii")
        note(f"raised {_INOTIFY} to {_INOTIFY_INSTANCES}")


__all__ = ["PROXY_PORT", "LabHost", "LabSpec", "LabState", "down", "load", "up"]
