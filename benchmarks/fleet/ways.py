"""The ways to one end: how each is started, and how its answer is read."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from benchmarks.fleet import answers
from benchmarks.fleet.bounds import STATES, way_name
from benchmarks.fleet.desk import Desk
from benchmarks.fleet.samples import Scene
from deeprig.lab.state import LOGIN_USER, LabHost

ROOT = Path(__file__).resolve().parents[2]
OPEN_CONNECTION = ", open connection"
SHELL_SCRIPT = "shell script"


class Reading(Protocol):
    """Says why a run counts for nothing, or None."""

    def __call__(self, output: str, hosts: int, *, may_change: bool) -> str | None:
        """Return the reason."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way. ``command`` takes the desk, the inventories' label and the hosts.

    ``most_hosts`` and ``most_rounds``: not measured with, or for, more. ``needs_connection``: over
    connections opened before; ``warm_ups``: so many runs before the first that is measured.
    ``tells_on_stderr``: what is read is there, and not on standard
    output; ``round_trips`` reads what a way says of its own.
    """

    name: str
    command: Callable[[Desk, str, Sequence[LabHost]], list[str]]
    reading: Reading
    scenes: frozenset[Scene]
    environment: dict[str, str] = field(default_factory=dict)
    most_hosts: int | None = None
    most_rounds: int | None = None
    needs_connection: bool = False
    warm_ups: int = 0
    tells_on_stderr: bool = False
    round_trips: Callable[[str], int | None] | None = None

    def environment_for(self, desk: Desk, label: str) -> dict[str, str]:
        """Return the whole environment of its process."""
        own = {
            "ANSIBLE_HOME": str(desk.sockets / "ansible"),
            "PYTHONPATH": str(ROOT),
            "ANSIBLE_CONFIG": str(desk.directory / f"ansible-{label}.cfg"),
        }
        # Python is to find its own ways: without byte code (PYTHONDONTWRITEBYTECODE) it compiles
        # what is not installed by pip anew in each run.
        given = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "DEEPRIG_"))}
        return given | own | self.environment


#: What follows the name of a way that evaluates every host.
EVALUATED = ", all evaluated"
_NO_OP: frozenset[Scene] = frozenset({"near", "far"})
_WATCHED: frozenset[Scene] = frozenset({"near", "far", "memory"})
_WITH_FRESH: frozenset[Scene] = frozenset({"near", "far", "fresh"})


def floors(state: str) -> tuple[Way, Way]:
    """Return one SSH command that tests a state: over a fresh, and over an open connection."""
    reading = answers.script_problem

    def fresh(desk: Desk, label: str, hosts: Sequence[LabHost]) -> list[str]:
        return _at_once(desk, state, {h: desk.ssh("-o", "ControlPath=none") for h in hosts})

    def reused(desk: Desk, label: str, hosts: Sequence[LabHost]) -> list[str]:
        return _at_once(desk, state, {h: desk.ssh("-S", str(desk.control_path(h))) for h in hosts})

    return (
        Way(state, fresh, reading, _WATCHED if state == "floor workstation" else _NO_OP),
        Way(state + OPEN_CONNECTION, reused, reading, _NO_OP, needs_connection=True),
    )


def shell_script() -> Way:
    """Return the hand-written script over one SSH session, which makes the state."""

    def command(desk: Desk, label: str, hosts: Sequence[LabHost]) -> list[str]:
        return _at_once(desk, "making", {host: desk.ssh() for host in hosts})

    return Way(SHELL_SCRIPT, command, answers.script_problem, frozenset({"fresh"}))


def pyinfra(tools: Path) -> Way:
    """Return stock pyinfra without its question."""

    def command(desk: Desk, label: str, hosts: Sequence[LabHost]) -> list[str]:
        files = desk.directory / f"pyinfra-{label}.py", desk.directory / "deploy.py"
        return [str(tools / "pyinfra"), "-y", *map(str, files)]

    scenes: frozenset[Scene] = frozenset({"near", "far", "fresh"})
    return Way("pyinfra -y", command, answers.pyinfra_problem, scenes, tells_on_stderr=True)


def ansible(tools: Path, most_hosts: int) -> Way:
    """Return Ansible with pipelining, ControlPersist and a fork per host."""

    def command(desk: Desk, label: str, hosts: Sequence[LabHost]) -> list[str]:
        inventory, playbook = (
            desk.directory / f"ansible-{label}.ini",
            desk.directory / "playbook.yml",
        )
        return [str(tools / "ansible-playbook"), "-i", str(inventory), str(playbook)]

    name = "Ansible, pipelined"
    return Way(name, command, answers.ansible_problem, _NO_OP, most_hosts=most_hosts)


def deeprig(
    state: str, transport: str, scenes: frozenset[Scene], *, is_evaluated: bool = False
) -> Way:
    """Return ``deeprig apply`` for a state over a transport; "" is what it takes by itself.

    ``is_evaluated``: every host is, also where a recheck would find that nothing has changed.
    """
    options = ["--json", *(["--no-recheck"] if is_evaluated else [])]

    def command(desk: Desk, label: str, hosts: Sequence[LabHost]) -> list[str]:
        inventory = desk.lab(state) / "inventory" / f"{label}.py"
        return [sys.executable, "-m", "deeprig", "apply", *options, "-i", str(inventory)]

    environment = {"DEEPRIG_TRANSPORT": transport} if transport else {}
    name = way_name(state, transport) + (EVALUATED if is_evaluated else "")
    return Way(
        name,
        command,
        answers.deeprig_problem,
        scenes,
        environment,
        round_trips=answers.deeprig_round_trips,
        # The first finds nothing to change, and keeps what it found; a lab directory that gets its
        # first report then is another one, for once.
        warm_ups=0 if is_evaluated else 2,
    )


def all_ways(
    tools: Path, transports: Sequence[str], default: str, ansible_hosts: int
) -> tuple[Way, ...]:
    """Return every way in the order in which a round takes them.

    Transports beside deeprig's own default are measured on one host, near and far, once; without a
    ``default`` there is nothing to choose from.
    """
    found = [way for _, floor in STATES for way in floors(floor)]
    found += [shell_script(), pyinfra(tools), ansible(tools, ansible_hosts)]
    others = [transport for transport in transports if default and transport != default]
    for transport in (default, *others):
        is_default = transport == default
        for state, _ in STATES:
            more = _WITH_FRESH if state == "60 resources" else _WATCHED
            way = deeprig(state, transport, more if is_default else _NO_OP)
            once = replace(way, most_hosts=1, most_rounds=1, warm_ups=0)
            found.append(way if is_default else once)
            if is_default:
                slow = deeprig(state, transport, _WATCHED, is_evaluated=True)
                found.append(replace(slow, most_rounds=1))
    return tuple(found)


def _at_once(desk: Desk, script: str, connections: dict[LabHost, list[str]]) -> list[str]:
    """Return a shell that runs one script on all hosts at once and waits for all of them."""
    source = shlex.quote(str(desk.directory / f"{script}.sh"))
    started = "".join(
        f"{shlex.join([*ssh, f'{LOGIN_USER}@{host.address}', 'sudo sh -s'])} < {source} &"
        ' pids="$pids $!"\n'
        for host, ssh in connections.items()
    )
    return [
        "sh",
        "-c",
        f"pids= code=0\n{started}for pid in $pids; do wait $pid || code=1; done; exit $code",
    ]
