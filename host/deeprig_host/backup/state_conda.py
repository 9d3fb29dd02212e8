"""Each conda environment as a part of the state: its explicit lock, environment.yml, pip's list."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from deeprig_host.backup import conda_places, conda_variables
from deeprig_host.backup.conda_records import conda_packages, pip_packages, site_packages
from deeprig_host.backup.conda_texts import environment_lines, explicit_lines, pip_lines
from deeprig_host.backup.conda_variables import variables
from deeprig_host.backup.state_part import Budget, Part, StateFile, lines_file
from deeprig_host.machine.commands import Machine

DIRECTORY = "environments"
EXPLICIT, ENVIRONMENT, PIP, ABOUT = "explicit.txt", "environment.yml", "pip.txt", "about.json"
#: What the part of an environment is called: this, then its path.
PREFIX = "environment "


def environment_part(machine: Machine, path: str, budget: Budget) -> Part:
    """Return the part of the environment at a path."""
    directory = conda_places.environment_directory(machine, path)
    sources = (
        machine.path(path),
        directory,
        directory / "conda-meta",
        directory / "conda-meta/history",
        directory / conda_variables.FILE,
        *site_packages(directory),
    )
    return Part(f"{PREFIX}{path}", lambda: _files(machine, path, directory, budget), sources)


def _files(machine: Machine, path: str, directory: Path, budget: Budget) -> tuple[StateFile, ...]:
    conda = conda_packages(directory, budget)
    pip = pip_packages(directory, conda, budget)
    place = f"{DIRECTORY}/{directory_name(path)}"
    about = {"path": path, "build": _build(machine, path), "owner": _owner(directory)}
    return (
        StateFile(f"{place}/{ABOUT}", (json.dumps(about, indent=1) + "\n").encode()),
        lines_file(f"{place}/{EXPLICIT}", explicit_lines(conda)),
        lines_file(
            f"{place}/{ENVIRONMENT}", environment_lines(path, conda, pip, variables(directory))
        ),
        lines_file(f"{place}/{PIP}", pip_lines(pip)),
    )


def _owner(directory: Path) -> int | None:
    """Return the number of the one user who wrote all that is told here; None where several did.

    Whoever owns a directory need not have written what lies in it: everybody may make
    ``conda-meta`` in /tmp, which is root's, and as its owner the environment is made anew.
    """
    records = directory / "conda-meta"
    paths = (directory, records, *records.iterdir(), *site_packages(directory))
    owners = {path.lstat().st_uid for path in paths if path.is_symlink() or path.exists()}
    return owners.pop() if len(owners) == 1 else None


def _build(machine: Machine, path: str) -> str | None:
    """Return which build of deeprig's the name leads to; None where it is a directory itself."""
    link = machine.path(path)
    return link.readlink().name if link.is_symlink() else None


def directory_name(path: str) -> str:
    """Return the name of an environment's directory: readable, and no other path has it."""
    readable = re.sub(r"[^A-Za-z0-9._]+", "-", path).strip("-.")[:80]
    return f"{readable}-{hashlib.sha256(path.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
