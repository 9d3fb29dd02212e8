"""Ask hosts what they need: their roles are planned as ``deeprig plan`` does, nothing is changed.

A plan knows the packages that roles want and the files that they would place, also apt's sources,
keys and preferences: with those the controller resolves what apt on the host would.
"""

from __future__ import annotations

import base64
import binascii
import importlib
import io
import tarfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.exceptions import PyinfraError

from deeprig.engine.host_run import HostJob
from deeprig.engine.operations import condition_holds, uploads_of
from deeprig.engine.progress import Progress
from deeprig.engine.run import DEFAULT_PARALLEL, run_lab
from deeprig.errors import DeeprigError, HostUnreachable
from deeprig.facts import HostFacts
from deeprig.inventory.load import Lab
from deeprig.inventory.model import DeclaredHost
from deeprig.report.model import HostRun
from deeprig.selection import Selection

#: What apt on the host goes by: sources, keys, preferences, logins, and what is installed.
_APT_PLACES = (
    *("etc/apt/sources.list", "etc/apt/sources.list.d", "etc/apt/preferences"),
    *("etc/apt/preferences.d", "etc/apt/trusted.gpg", "etc/apt/trusted.gpg.d"),
    *("etc/apt/keyrings", "etc/apt/auth.conf", "etc/apt/auth.conf.d"),
    *("usr/share/keyrings", "var/lib/dpkg/status"),
)
_READ = """cd / && for place in "$@"; do if [ -e "$place" ]; then echo "$place"; fi; done |
tar -c -z -h -T - | base64 -w 0"""
_CHARACTERS_AT_MOST = 256 << 20


@dataclass(frozen=True, slots=True)
class HostNeeds:
    """What one host needs. ``apt_files`` maps paths (``etc/apt/...``) to contents, as they will be.

    ``packages`` are words for apt. ``roles`` are those that apply to it. ``driver`` is what the
    driver's role observed there, None where it is not wanted.
    """

    declared: DeclaredHost
    facts: HostFacts
    packages: tuple[str, ...]
    roles: tuple[str, ...]
    apt_files: dict[str, bytes] = field(repr=False)
    installed: bytes = field(repr=False)
    driver: Any = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Return the host's name."""
        return self.declared.name


def ask_hosts(
    lab: Lab, selection: Selection, progress: Progress, sudo_password: str | None = None
) -> tuple[HostNeeds, ...]:
    """Return what the selected hosts need. Raise DeeprigError where one could not be planned."""
    needs: dict[str, HostNeeds] = {}

    def ask(job: HostJob) -> None:
        with job.contained():
            needs[job.host.name] = _needs_of(job)

    report = run_lab(
        lab,
        "plan",
        selection,
        progress,
        parallel=DEFAULT_PARALLEL,
        sudo_password=sudo_password,
        also=ask,
    )
    for run in report.hosts:
        _raise_failure(run)
    return tuple(needs[run.host] for run in report.hosts)


def _raise_failure(run: HostRun) -> None:
    if run.status == "ok":
        return
    failed = [o.output for o in run.operations if o.status == "failed" and o.output]
    told = "\n".join((run.reason or f"it was {run.status}", *failed))
    kind = HostUnreachable if run.status == "unreachable" else DeeprigError
    raise kind(told, place=run.host, remedy=run.remedy or "'deeprig plan' tells more")


def _needs_of(job: HostJob) -> HostNeeds:
    facts = job.state.facts[job.host.name]
    files = _read_files(job)
    installed = files.pop("var/lib/dpkg/status", b"")
    files |= _planned_files(job)
    roles = tuple(dict.fromkeys(result.role for result in job.run.operations if result.role))
    return HostNeeds(
        declared=job.declared,
        facts=facts,
        packages=tuple(sorted(job.state.wanted_packages[job.host.name])),
        roles=roles,
        apt_files=files,
        installed=installed,
        driver=_observe_driver(job) if "nvidia_driver" in roles else None,
    )


def _observe_driver(job: HostJob) -> Any:
    """Return the driver role's observation. Raise DeeprigError without a python3 there."""
    facts = importlib.import_module("roles.nvidia_driver.facts")
    seen = job.host.get_fact(
        facts.DriverObservation, programs=str(job.state.lab.content.file("host"))
    )
    if seen is None:
        raise DeeprigError(
            "it has no python3, so that its cards and kernels are not known",
            place=job.host.name,
            remedy="install python3 there, or leave the driver out (--skip-role nvidia_driver)",
        )
    return seen


def _planned_files(job: HostJob) -> dict[str, bytes]:
    """Return the files below /etc/apt and of keys that the plan would place."""
    found: dict[str, bytes] = {}
    for op_hash in job.host.op_hash_order:
        data = job.state.get_op_data_for_host(job.host, op_hash)
        try:
            commands = tuple(data.command_generator()) if condition_holds(data) else ()
        except PyinfraError:
            continue  # it needs what an earlier operation would make: the plan has told so
        for upload in uploads_of(commands):
            path = upload.dest.lstrip("/")
            if path.startswith(("etc/apt/", "usr/share/keyrings/")):
                found[path] = _content(upload.src)
    return found


def _content(source: str | IO[Any]) -> bytes:
    if isinstance(source, str):
        return Path(source).read_bytes()
    source.seek(0)
    data = source.read()
    return data.encode("utf-8") if isinstance(data, str) else bytes(data)


def _read_files(job: HostJob) -> dict[str, bytes]:
    """Return the host's own files. Raise DeeprigError where it does not hand them out."""
    command = StringCommand("sh", "-c", QuoteString(_READ), "sh", *_APT_PLACES)
    succeeded, output = job.host.run_shell_command(command, _sudo=job.declared.needs_sudo)
    if not succeeded or len(output.stdout) > _CHARACTERS_AT_MOST:
        told = output.stderr.strip() or "it is too large"
        raise DeeprigError(f"apt's configuration on it is not had: {told}", place=job.host.name)
    try:
        packed = base64.b64decode(output.stdout.strip(), validate=True)
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as tar:
            members = [(entry, tar.extractfile(entry)) for entry in tar if entry.isreg()]
            return {entry.name: file.read() for entry, file in members if file is not None}
    except (ValueError, binascii.Error, tarfile.TarError, OSError) as error:
        raise DeeprigError(
            f"apt's configuration on it cannot be read: {error}", place=job.host.name
        ) from error


def by_apt(needs: tuple[HostNeeds, ...]) -> tuple[tuple[HostNeeds, ...], ...]:
    """Return the hosts in groups for which apt would find the same."""
    groups: defaultdict[tuple[Any, ...], list[HostNeeds]] = defaultdict(list)
    for host in needs:
        key = (host.facts.architecture, *sorted(host.apt_files.items()))
        groups[key].append(host)
    return tuple(tuple(group) for group in groups.values())
