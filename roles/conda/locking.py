"""Solve an environment once, on a host, and return its lock: what ``deeprig lock`` writes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import StringIO

from pyinfra.api.command import QuoteString, StringCommand

from deeprig.engine.single import Connection
from deeprig.errors import DeeprigError, UsageProblem
from roles.conda.facts import CondaInstallation
from roles.conda.settings import CondaSettings, EnvironmentSettings

#: uname -m to conda's name of the platform.
_PLATFORMS = {"x86_64": "linux-64", "aarch64": "linux-aarch64"}


@dataclass(frozen=True, slots=True)
class Lock:
    """The texts of a lock, and the hardware class it was solved for."""

    hardware_class: str
    conda: str
    pip: str | None


def solve(connection: Connection, settings: CondaSettings, wanted: EnvironmentSettings) -> Lock:
    """Build the environment aside on the host, read what was chosen, and remove it again.

    Raise DeeprigError when conda or pip cannot solve it; the host's environments are untouched.
    """
    host = connection.host
    if host.get_fact(CondaInstallation, prefix=settings.prefix).version is None:
        raise DeeprigError(
            f"there is no conda at {settings.prefix}",
            place=connection.declared.name,
            remedy="run 'deeprig apply --role conda' on this host first",
        )
    scratch = connection.run(
        StringCommand("mktemp", "-d", QuoteString(f"{settings.prefix}/lock-XXXXXX")),
        what="making room for the solve",
    ).strip()
    try:
        conda = _solve_conda(connection, settings, wanted, f"{scratch}/env")
        pip = _solve_pip(connection, settings, wanted, scratch)
    finally:
        connection.run(StringCommand("rm", "-rf", QuoteString(scratch)), what="tidying up")
    return Lock(_hardware_class(connection, wanted), conda, pip)


def _solve_conda(
    connection: Connection, settings: CondaSettings, wanted: EnvironmentSettings, prefix: str
) -> str:
    if wanted.python is None:
        raise UsageProblem(
            "it is declared by a lock only; there is nothing to solve",
            place=wanted.name,
            remedy="declare python and packages beside the lock",
        )
    conda = f"{settings.prefix}/bin/conda"
    channels = [part for c in settings.channels_of(wanted) for part in ("-c", c)]
    create = [conda, "create", "-y", "-p", prefix, "--override-channels", *channels]
    create += [f"python={wanted.python}", "pip", *wanted.packages]
    network = connection.declared.settings.network_access.environment()
    connection.run(
        StringCommand(*(QuoteString(word) for word in create)),
        what="conda's solve",
        env=network | wanted.solve_environment,
    )
    listing = [conda, "list", "-p", prefix, "--explicit", "--sha256"]
    told = connection.run(
        StringCommand(*(QuoteString(word) for word in listing)), what="conda's explicit list"
    )
    return f"# Written by deeprig lock for {_hardware_class(connection, wanted)}.\n{told.strip()}\n"


def _solve_pip(
    connection: Connection, settings: CondaSettings, wanted: EnvironmentSettings, scratch: str
) -> str | None:
    if not wanted.pip.packages:
        return None
    requirements = f"{scratch}/requirements.txt"
    connection.upload(StringIO("\n".join(wanted.pip.packages) + "\n"), requirements)
    report = f"{scratch}/report.json"
    command = [f"{scratch}/env/bin/python", "-m", "pip", "install", "--dry-run", "--quiet"]
    command += ["--no-input", "--ignore-installed", "--report", report]
    command += [*settings.pip_of(wanted), "-r", requirements]
    connection.run(
        StringCommand(*(QuoteString(word) for word in command)),
        what="pip's resolution",
        env=connection.declared.settings.network_access.environment(),
    )
    told = connection.run(StringCommand("cat", QuoteString(report)), what="reading pip's report")
    return pip_lock_text(json.loads(told), _hardware_class(connection, wanted))


def pip_lock_text(report: dict[str, object], hardware_class: str) -> str:
    """Return requirements with hashes for pip's installation report (its documented format)."""
    lines = [f"# Written by deeprig lock for {hardware_class}."]
    installed = report["install"]
    if not isinstance(installed, list):
        raise DeeprigError("pip's report has no list of packages")
    for item in installed:
        name, version = item["metadata"]["name"], item["metadata"]["version"]
        digest = item["download_info"].get("archive_info", {}).get("hashes", {}).get("sha256")
        if digest is None:
            raise DeeprigError(
                f"pip knows no checksum of {name}",
                remedy="it is no archive (a checkout or a directory); lock only released packages",
            )
        lines.append(f"{name}=={version} \\\n    --hash=sha256:{digest}")
    return "\n".join(lines) + "\n"


def _hardware_class(connection: Connection, wanted: EnvironmentSettings) -> str:
    machine = connection.facts.machine
    platform = _PLATFORMS.get(machine, machine)
    if wanted.cuda is None:
        return platform
    return f"{platform}-cpu" if wanted.cuda == "cpu" else f"{platform}-cuda{wanted.cuda}"
