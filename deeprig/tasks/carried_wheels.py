"""The wheels that a host's environment is made of, and where the controller has them from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyinfra.api.exceptions import OperationError

from deeprig.errors import DeclarationRefused, DeeprigError, Problem
from deeprig.role import RoleContext
from deeprig.wheels.build import build_wheel
from deeprig.wheels.directory import declared_wheel
from deeprig.wheels.download import fetch_wheel
from deeprig.wheels.lock import LockedWheel, read_lock

#: What must be importable in an environment before it is used.
_MODULES = ("deeprig_host", "psutil", "prometheus_client", "pynvml")


@dataclass(frozen=True, slots=True)
class CarriedWheels:
    """Wheels for one host: its own programs', built here, and those that these need.

    ``directory`` is where the lab keeps the needed ones, None when pip fetches them.
    """

    programs: str
    host_name: str
    machine: str
    needed: tuple[LockedWheel, ...]
    directory: Path | None
    own: bytes = field(repr=False)

    @property
    def order(self) -> str:
        """Return what the host's program is told: digests, and modules to prove."""
        digests = [wheel.sha256 for wheel in self.needed]
        wheels = [*digests, hashlib.sha256(self.own).hexdigest()]
        return json.dumps({"wheels": wheels, "modules": _MODULES})

    def have_at_hand(self, stored: tuple[str, ...]) -> dict[str, bytes]:
        """Return the wheels that a host lacks, by digest; ``stored`` are those that it has.

        Raise OperationError when one cannot be fetched, DeclarationRefused when the declared
        directory lacks one.
        """
        own = hashlib.sha256(self.own).hexdigest()
        lacking = {} if own in stored else {own: self.own}
        for wheel in self.needed:
            if wheel.sha256 not in stored:
                lacking[wheel.sha256] = self._file_of(wheel).read_bytes()
        return lacking

    def _file_of(self, wheel: LockedWheel) -> Path:
        if self.directory is None:
            try:
                return fetch_wheel(wheel, self.machine)
            except DeeprigError as error:
                raise OperationError(str(error)) from error
        try:
            return declared_wheel(self.directory, wheel, self.machine)
        except DeeprigError as error:
            place = f"{self.host_name}: network_access.program_wheels"
            found = error.problems[0]
            problem = Problem(place, f"{found.place}: {found.reason}", found.remedy)
            raise DeclarationRefused((problem,)) from error


def carried_wheels(context: RoleContext[Any]) -> CarriedWheels:
    """Return the wheels for a host. Raise OperationError where deeprig's own content is damaged."""
    programs = context.content.file("host")
    declared = context.network.program_wheels
    machine = context.facts.machine
    try:
        needed = read_lock(programs / "requirements.lock", machine)
        own = build_wheel(programs, needed)
    except DeeprigError as error:
        raise OperationError(str(error)) from error
    directory = None if declared is None else context.lab_directory / declared.expanduser()
    return CarriedWheels(str(programs), context.host_name, machine, needed, directory, own)
