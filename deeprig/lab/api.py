"""Make, find and remove labs. The command line and the tests are its users."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from deeprig.errors import DeeprigError, ExitCode, UsageProblem
from deeprig.lab import (
    access,
    cgroups,
    disk,
    gateway_process,
    image,
    lab_directory,
    machine,
    network,
    writing,
)
from deeprig.lab.asked import LabSpec, check_spec
from deeprig.lab.requirements import check_requirements, raise_inotify_limit
from deeprig.lab.state import (
    FIRST_HOST,
    NETWORK,
    PROXY_PORT,
    LabHost,
    LabState,
)

Note = Callable[[str], None]


class LabInterrupted(DeeprigError):
    """Ctrl-C while a lab was brought up; says what is left."""

    exit_code = ExitCode.INTERRUPTED


def up(spec: LabSpec, note: Note = lambda text: None) -> LabState:
    """Bring a lab up, or complete one that is: stopped hosts are started, missing ones added.

    Raise UsageProblem for what cannot be asked, DeeprigError for what fails, LabInterrupted.
    """
    check_requirements()
    check_spec(spec)
    directory = spec.directory.resolve()
    is_new = not (directory / "state.json").exists()
    directory.mkdir(parents=True, exist_ok=True)
    with lab_directory.locked(directory):
        try:
            return _bring_up(spec, note)
        except KeyboardInterrupt as interrupt:
            if not is_new:
                raise LabInterrupted(
                    "interrupted",
                    remedy="'deeprig lab up' completes it, 'deeprig lab down' ends it",
                ) from interrupt
            note("interrupted: removing what was made")
            _remove(LabState(directory), note)
            raise LabInterrupted("interrupted; nothing is left of the lab") from interrupt


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
    Raise UsageProblem, and remove no file, when the directory holds something else than a lab.
    """
    state = LabState(directory.resolve())
    if not state.directory.exists():  # somebody removed it: its hosts may still run
        _remove(state, note)
        return
    with lab_directory.locked(state.directory):
        _remove(state, note)


def _remove(state: LabState, note: Note) -> None:
    for cgroup in cgroups.of_lab(state.id):
        cgroups.end(cgroup)
        note(f"ended {cgroup.name.rpartition('.')[2]}")
    network.remove(state.id)
    image.remove_unfinished(state.id)
    if state.directory.exists():
        lab_directory.remove(state.directory)
        note(f"removed {state.directory}")


def _bring_up(spec: LabSpec, note: Note) -> LabState:
    state = _ground(spec, note)
    made = _image(spec, state, note)
    note(f"base image {made.path.name}: {'cached' if made.was_cached else 'made'}")
    state = _allow(state, access.source_hosts(made.path))
    raise_inotify_limit(note)
    network.create(state.id)
    state = replace(state, loopback_port=gateway_process.start(state))
    state.save()
    note(f"network {state.id} with its gateway is up")
    for host in _wanted(state, spec, made.path):
        state = _start(state, host)
    writing.write_known_hosts(state)
    for host in state.hosts:
        machine.wait_until_ssh_answers(state, host)
        note(f"{host.name} ({host.os}) answers ssh")
    writing.write_inventory(state, spec.data)
    return state


def _image(spec: LabSpec, state: LabState, note: Note) -> image.Image:
    if spec.image is not None:
        return image.Image(spec.image.resolve(), was_cached=True)
    return image.image_of(spec.os, state.id, spec.mirror, note=note)


def _ground(spec: LabSpec, note: Note) -> LabState:
    """Write the state before anything else is made, so that ``down`` always finds a lab."""
    directory = spec.directory.resolve()
    state = LabState.load(directory) or LabState(directory)
    served = dict(state.served) | {name: str(path.resolve()) for name, path in spec.served}
    state = replace(state, served=tuple(served.items()))
    state = _allow(state, (*access.allowed_hosts(note), *spec.allowed_hosts))
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


def _start(state: LabState, host: LabHost) -> LabState:
    """Forward to a host and boot it unless it runs; written down before it is started."""
    port = gateway_process.forward(state, f"{host.address}:22", host.ssh_port)
    host = replace(host, ssh_port=port)
    state = state.with_host(host)
    state.save()
    if not machine.is_running(state, host):
        disk.prepare(state, host)
        machine.start(state, host)
    return state


__all__ = ["PROXY_PORT", "LabHost", "LabInterrupted", "LabSpec", "LabState", "down", "load", "up"]
