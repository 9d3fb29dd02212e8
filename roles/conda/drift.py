"""Compare a declared environment with what is installed. Pure: no host is asked here."""

from __future__ import annotations

import re
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion

from roles.conda.facts import InstalledEnvironment
from roles.conda.settings import EnvironmentSettings

_NAME = re.compile(r"^(?:\S+::)?([A-Za-z0-9_.-]+?)(?:\s*[=<>!~\[\s].*)?$")


def drift(
    declared: EnvironmentSettings, digest: str, installed: InstalledEnvironment
) -> tuple[str, ...]:
    """Return every difference, for people; none means that nothing has to be done.

    The build's directory is named after its declaration, so another declaration shows in the
    name; what somebody changed inside shows in the packages.
    """
    if installed.target is None:
        return ("it is not there",)
    name = Path(installed.target).name
    if name not in (digest, f"{digest}-again"):
        return ("its declaration changed",)
    return (*_python(declared, installed), *_conda(declared, installed), *_pip(declared, installed))


def _python(declared: EnvironmentSettings, installed: InstalledEnvironment) -> tuple[str, ...]:
    if declared.python is None:
        return ()
    found = installed.versions.get(canonicalize_name("python"))
    wanted = declared.python
    if found is None or not (found == wanted or found.startswith(f"{wanted}.")):
        return (f"python is {found or 'missing'}, declared {wanted}",)
    return ()


def _conda(declared: EnvironmentSettings, installed: InstalledEnvironment) -> tuple[str, ...]:
    if declared.conda_lock is not None:
        present = {f"{n}-{v}-{b}" for n, v, b in installed.conda_packages}
        return tuple(f"{f} is missing" for f in declared.conda_lock.files if f not in present)
    names = [_NAME.match(spec) for spec in declared.packages]
    present = {name for name, _, _ in installed.conda_packages}
    return tuple(f"{m[1]} is missing" for m in names if m and m[1].lower() not in present)


def _pip(declared: EnvironmentSettings, installed: InstalledEnvironment) -> tuple[str, ...]:
    versions = installed.versions
    found: list[str] = []
    if declared.pip_lock is not None:
        for name, version in declared.pip_lock.packages:
            seen = versions.get(canonicalize_name(name))
            if seen is None or (version and seen != version):
                found.append(f"{name} is {seen or 'missing'}, locked {version}")
        return tuple(found)
    for requirement in (Requirement(text) for text in declared.pip.packages):
        seen = versions.get(canonicalize_name(requirement.name))
        if seen is None or not _satisfies(requirement, seen):
            found.append(f"{requirement.name} is {seen or 'missing'}, declared {requirement}")
    return tuple(found)


def _satisfies(requirement: Requirement, version: str) -> bool:
    try:
        return requirement.specifier.contains(version, prereleases=True)
    except InvalidVersion:
        return False
