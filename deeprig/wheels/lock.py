"""The lock of what the host programs need: each project at one version, each wheel by its digest.

The file is one that pip reads too ("Requirements File Format", pip.pypa.io). A wheel that differs
between machines has a line for each, with a marker.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from deeprig.errors import DeeprigError

_HASH = re.compile(r"\s--hash=sha256:([0-9a-f]{64})(?=\s|$)")


@dataclass(frozen=True, slots=True)
class LockedWheel:
    """One wheel: its project, version and SHA-256."""

    project: str
    version: str
    sha256: str

    @property
    def requirement(self) -> str:
        """Return the line that makes pip take this very wheel."""
        return f"{self.project}=={self.version} --hash=sha256:{self.sha256}"


def read_lock(lock: Path, machine: str) -> tuple[LockedWheel, ...]:
    """Return the wheels for a machine (``uname -m``).

    Raise DeeprigError on an unusable lock, and where a project has no wheel for the machine.
    """
    text = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines()]
    locked = [_wheel(lock, line) for line in lines if line and not line.startswith("#")]
    found = tuple(wheel for wheel, marker in locked if _is_for(marker, machine))
    projects = [wheel.project for wheel in found]
    if len(set(projects)) != len(projects):
        raise _unusable(lock, f"a project has several wheels for {machine}")
    missing = sorted({wheel.project for wheel, _ in locked} - set(projects))
    if missing:
        raise DeeprigError(
            f"deeprig's programs have no wheel of {', '.join(missing)} for {machine}",
            remedy="leave out the roles that need them on this host (cooling, monitoring)",
        )
    return found


def _is_for(marker: Marker | None, machine: str) -> bool:
    return marker is None or marker.evaluate({"platform_machine": machine})


def _wheel(lock: Path, line: str) -> tuple[LockedWheel, Marker | None]:
    digests = _HASH.findall(line)
    try:
        requirement = Requirement(_HASH.sub("", line).strip())
    except InvalidRequirement as error:
        raise _unusable(lock, f"{line}: {error}".splitlines()[0]) from error
    pins = [specifier.version for specifier in requirement.specifier if specifier.operator == "=="]
    if len(digests) != 1 or len(pins) != 1 or len(requirement.specifier) != 1:
        raise _unusable(lock, f"{line}: this is not one version and one sha256")
    wheel = LockedWheel(canonicalize_name(requirement.name), pins[0], digests[0])
    return wheel, requirement.marker


def _unusable(lock: Path, reason: str) -> DeeprigError:
    return DeeprigError(
        reason, place=str(lock), remedy="reinstall deeprig: its built-in content is damaged"
    )
