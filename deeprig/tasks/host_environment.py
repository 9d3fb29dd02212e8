"""Have deeprig's own programs in a Python environment of their own on the host: no index needed.

``place_host_environment`` carries the wheels that the host lacks and has the environment made
there; what it makes, and how it survives a cut, is told in ``host/deeprig_host/environment``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from io import BytesIO
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from pyinfra.api.command import FileUploadCommand, PyinfraCommand, StringCommand
from pyinfra.api.exceptions import OperationError
from pyinfra.api.host import Host
from pyinfra.api.operation import OperationMeta, operation
from pyinfra.api.state import State
from pyinfra.context import ctx_host, ctx_state

from deeprig.engine.operations import Step, changed
from deeprig.engine.remarks import explain
from deeprig.role import RoleContext
from deeprig.tasks.carried_wheels import CarriedWheels, carried_wheels
from deeprig.tasks.environment_facts import PART, HostEnvironment, ServicesBefore
from deeprig.tasks.host_answers import Answer, sent_along
from deeprig.tasks.packages import install_packages

#: What runs a part: ``ENVIRONMENT_PYTHON -I -m deeprig_host.PART``. Without ``-I`` Python looks for
#: modules in the current directory first: somebody's ``secrets.py`` there would run as root.
ENVIRONMENT_PYTHON = "/opt/deeprig/environment/bin/python"
_STORE = "/opt/deeprig/wheels"

Commands = Generator[PyinfraCommand, None, None]
#: The operation that each host of a run has already got.
_placed: WeakKeyDictionary[State, dict[str, OperationMeta]] = WeakKeyDictionary()
#: The wheels of each host of a run: building our own takes time.
_carried: WeakKeyDictionary[State, dict[str, CarriedWheels]] = WeakKeyDictionary()


def place_host_environment(context: RoleContext[Any]) -> OperationMeta:
    """Have the environment on the host as this deeprig's; nothing happens when it is there.

    Each host has it once in a run: a second role gets the same operation. Its wheels are at hand
    before anything is changed on the host: raise OperationError or DeclarationRefused otherwise.
    """
    host: Host = ctx_host.get()
    placed = _placed.setdefault(ctx_state.get(), {})
    if host.name not in placed:
        install_packages(("python3",))
        wheels = _wheels_of(context)
        found = host.get_fact(HostEnvironment, programs=wheels.programs, order=wheels.order)
        if found is None or not found["has_whole"]:
            wheels.have_at_hand(() if found is None else tuple(found["stored"]))
        placed[host.name] = _environment(
            name="Place the environment of deeprig's programs", of=wheels
        )
    return placed[host.name]


def ask_host_environment(context: RoleContext[Any]) -> None:
    """Ask what place_host_environment asks before its operations."""
    host: Host = ctx_host.get()
    wheels = _wheels_of(context)
    host.get_fact(HostEnvironment, programs=wheels.programs, order=wheels.order)


def needs_restart(context: RoleContext[Any], *units: str) -> Callable[[], bool]:
    """Return a condition for ``_if``: does one of these services need the new environment?

    It does when the environment changes in this run, and also when an earlier run was cut between
    switching it and restarting the service.
    """
    host: Host = ctx_host.get()
    programs = str(context.content.file("host"))
    moved = changed(place_host_environment(context))
    return lambda: (
        moved() or bool(host.get_fact(ServicesBefore, programs=programs, units=tuple(units)))
    )


def _wheels_of(context: RoleContext[Any]) -> CarriedWheels:
    of_run = _carried.setdefault(ctx_state.get(), {})
    if context.host_name not in of_run:
        of_run[context.host_name] = carried_wheels(context)
    return of_run[context.host_name]


@operation()
def _environment(of: CarriedWheels) -> Commands:
    """Have the environment of these wheels in use."""
    host: Host = ctx_host.get()
    found = host.get_fact(HostEnvironment, programs=of.programs, order=of.order)
    if found is None:
        raise OperationError("the host has no /usr/bin/python3 yet")
    if not found["reasons"] and not found["left_over"]:
        host.noop(f"{found['current']} is in use, and whole")
        return
    explain(*found["reasons"], *(f"{path} is left over" for path in found["left_over"]))
    if not found["has_whole"]:
        directories = StringCommand("install", "-d", "-o", "root", "-g", "root", "-m", "755")
        yield StringCommand(directories, "/opt/deeprig", _STORE)
        for sha256, content in of.have_at_hand(tuple(found["stored"])).items():
            yield FileUploadCommand(BytesIO(content), f"{_STORE}/{sha256}.whl")

    def make() -> None:
        """Make the environment aside, prove it, and switch /opt/deeprig/environment to it."""
        _make(host, of)

    yield Step(make)


def _make(host: Host, wheels: CarriedWheels) -> None:
    """Raise OperationError with what the host's program said, when it refuses or fails."""
    succeeded, output = host.run_shell_command(
        sent_along(Path(wheels.programs), PART, "make", "--order", wheels.order),
        _sudo=host.data.get("_sudo", False),
    )
    try:
        document = json.loads(output.stdout)
    except ValueError:
        document = {}
    told = "\n".join((output.stdout, output.stderr)).strip()
    answer = Answer(PART, bool(succeeded), document if isinstance(document, dict) else {}, told)
    if not answer.is_good:
        raise OperationError(answer.problem)
