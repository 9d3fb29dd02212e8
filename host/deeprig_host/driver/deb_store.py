"""The kept .debs: what a change installs and what it would put back, with the network down.

Named as apt names them (``name_1%3a2-1_amd64.deb``), so that apt takes them for its archives.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from deeprig_host.driver import apt
from deeprig_host.driver.journal import DIRECTORY
from deeprig_host.driver.progress import Progress
from deeprig_host.machine.commands import Done, Machine
from deeprig_host.machine.durable import sync_directory

STORE = f"{DIRECTORY}/packages"
_ARCHIVES = "/var/cache/apt/archives"
_DOWNLOAD_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Archive:
    """A package of which the .deb is wanted."""

    name: str
    architecture: str
    version: str

    @property
    def file(self) -> str:
        """Return the name that apt gives the file."""
        return f"{self.name}_{self.version.replace(':', '%3a')}_{self.architecture}.deb"

    @property
    def request(self) -> str:
        """Return how apt-get is asked for it."""
        is_all = self.architecture in ("", "all")
        return f"{self.name}{'' if is_all else ':' + self.architecture}={self.version}"


def store_path(machine: Machine) -> Path:
    """Return the store's directory; it is there afterwards, with apt's ``partial``."""
    store = machine.path(STORE)
    (store / "partial").mkdir(parents=True, exist_ok=True)
    return store


def is_kept(machine: Machine, archive: Archive) -> bool:
    """Say whether the store has the .deb."""
    return (store_path(machine) / archive.file).is_file()


def take_from_cache(machine: Machine, archives: Iterable[Archive]) -> None:
    """Copy what apt's own cache has and what is sound into the store."""
    for archive in archives:
        cached = machine.path(f"{_ARCHIVES}/{archive.file}")
        if cached.is_file() and is_sound(machine, cached, archive):
            incoming = _incoming(machine) / archive.file
            shutil.copyfile(cached, incoming)
            _admit(machine, incoming)


def download(machine: Machine, archives: tuple[Archive, ...], progress: Progress) -> Done | None:
    """Download into the store; apt checks each hash. Return how apt ended, None for no call."""
    if not archives:
        return None
    requests = (archive.request for archive in archives)
    done = progress.keep(
        machine.run(
            *apt.words(0, "download", *requests),
            seconds=_DOWNLOAD_SECONDS,
            environment=apt.QUIET,
            directory=_incoming(machine),
        )
    )
    for archive in archives:
        file = _incoming(machine) / archive.file
        if file.is_file() and is_sound(machine, file, archive):
            _admit(machine, file)
    return done


def repack(machine: Machine, archive: Archive, progress: Progress) -> None:
    """Build the .deb of an installed package from its files, where dpkg-repack is installed."""
    arch = archive.architecture
    name = archive.name if arch == "all" else f"{archive.name}:{arch}"
    progress.keep(machine.run("dpkg-repack", name, seconds=600, directory=_incoming(machine)))
    for file in _incoming(machine).glob(f"{archive.name}_*.deb"):
        if is_sound(machine, file, archive):
            _admit(machine, file.rename(file.with_name(archive.file)))


def is_sound(machine: Machine, file: Path, archive: Archive) -> bool:
    """Say whether a .deb is of this very version and can be unpacked to its end."""
    fields = machine.run("dpkg-deb", "-f", str(file), "Package", "Version").out
    told = dict(line.split(": ", 1) for line in fields.splitlines() if ": " in line)
    if (told.get("Package"), told.get("Version")) != (archive.name, archive.version):
        return False
    return machine.run("dpkg-deb", "--contents", str(file), seconds=600).is_good


def prune(machine: Machine, keep: frozenset[str]) -> None:
    """Delete the .debs that no kept transaction needs."""
    for file in store_path(machine).glob("*.deb"):
        if file.name not in keep:
            file.unlink()
    shutil.rmtree(_incoming(machine))


def _incoming(machine: Machine) -> Path:
    directory = store_path(machine) / "incoming"
    directory.mkdir(exist_ok=True)
    return directory


def _admit(machine: Machine, file: Path) -> None:
    """Have a complete file in the store, on the disk, under its name."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    store = store_path(machine)
    file.replace(store / file.name)
    sync_directory(store)
